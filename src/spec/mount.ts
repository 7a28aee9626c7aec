import { invalid } from "../abi/error.ts";
import type { MountOption } from "./options.ts";
import { checkVolumeName } from "./volume-name.ts";
import { parseBoolean, parseSize, quote, resolvePath } from "./values.ts";

/** docker's second spellings of --mount's keys. */
const synonyms: Readonly<Record<string, string>> = {
  src: "source",
  dst: "target",
  destination: "target",
  ro: "readonly",
};
const keysOf = {
  bind: ["type", "source", "target", "readonly", "bind-recursive", "bind-propagation"],
  tmpfs: ["type", "target", "tmpfs-size", "tmpfs-mode"],
  volume: ["type", "source", "target", "readonly", "volume-nocopy"],
} as const;

/**
 * `--mount type=bind,source=S,target=T[,readonly]`, `type=volume[,source=NAME],target=T[,readonly][,volume-nocopy]` or
 * `type=tmpfs,target=T[,tmpfs-size=N][,tmpfs-mode=M]`.
 */
export function parseMount(flag: string, text: string, cwd: string): MountOption {
  const fields = new Map<string, string>();
  for (const field of text.split(",")) {
    const at = field.indexOf("=");
    const key = at < 0 ? field : field.slice(0, at);
    fields.set(
      Object.hasOwn(synonyms, key) ? synonyms[key]! : key,
      at < 0 ? "true" : field.slice(at + 1),
    );
  }
  const type = fields.get("type") ?? "volume";
  if (type !== "bind" && type !== "tmpfs" && type !== "volume")
    throw invalid(`${flag}: type ${quote(type)} is not one of bind, volume, tmpfs`);
  const known: readonly string[] = keysOf[type];
  const odd = [...fields.keys()].find((key) => !known.includes(key));
  if (odd !== undefined)
    throw invalid(`${flag}: type=${type} has no ${quote(odd)}`, `it has ${known.join(", ")}`);
  const target = fields.get("target");
  if (target === undefined) throw invalid(`${flag} ${quote(text)} has no target`);
  if (type === "volume") return volumeMount(flag, fields, parseTarget(flag, target));
  return type === "bind"
    ? bindMount(flag, text, fields, parseTarget(flag, target), cwd)
    : tmpfsMount(flag, fields, parseTarget(flag, target));
}

function bindMount(
  flag: string,
  text: string,
  fields: ReadonlyMap<string, string>,
  target: string,
  cwd: string,
): MountOption {
  const source = fields.get("source");
  if (!source) throw invalid(`${flag} ${quote(text)} has no source`);
  const propagation = fields.get("bind-propagation") ?? "rprivate";
  if (propagation !== "rprivate" && propagation !== "private")
    throw invalid(
      `${flag}: bind-propagation ${quote(propagation)} is not there yet, mounts are private`,
    );
  const recursive = fields.get("bind-recursive") ?? "enabled";
  if (recursive !== "enabled" && recursive !== "disabled")
    throw invalid(`${flag}: bind-recursive ${quote(recursive)} is neither enabled nor disabled`);
  return {
    type: "bind",
    source: resolvePath(cwd, source),
    target,
    readOnly: parseBoolean(`${flag} readonly`, fields.get("readonly") ?? "false"),
    recursive: recursive === "enabled",
  };
}

function volumeMount(
  flag: string,
  fields: ReadonlyMap<string, string>,
  target: string,
): MountOption {
  const name = fields.get("source");
  if (name !== undefined) checkVolumeName(name);
  const boolean = (key: string) => parseBoolean(`${flag} ${key}`, fields.get(key) ?? "false");
  return {
    type: "volume",
    ...(name === undefined ? {} : { name }),
    target,
    readOnly: boolean("readonly"),
    ...(boolean("volume-nocopy") ? { noCopy: true } : {}),
  };
}

function tmpfsMount(
  flag: string,
  fields: ReadonlyMap<string, string>,
  target: string,
): MountOption {
  const size = fields.get("tmpfs-size");
  const mode = fields.get("tmpfs-mode");
  const options: string[] = [];
  if (size !== undefined) options.push(`size=${parseSize(`${flag} tmpfs-size`, size)}`);
  if (mode !== undefined) {
    if (!/^[0-7]{1,4}$/.test(mode))
      throw invalid(`${flag}: tmpfs-mode ${quote(mode)} is not an octal mode`);
    options.push(`mode=${mode}`);
  }
  return { type: "tmpfs", target, options };
}

/** Where a mount appears in the container: an absolute path that is not the root. */
export function parseTarget(flag: string, target: string): string {
  if (!target.startsWith("/"))
    throw invalid(`${flag}: the target ${quote(target)} is not an absolute path`);
  const plain = resolvePath("/", target);
  if (plain === "/")
    throw invalid(`${flag}: the target / is the container's root file system itself`);
  return plain;
}
