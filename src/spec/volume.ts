import { invalid } from "../abi/error.ts";
import { parseTarget } from "./mount.ts";
import type { MountOption } from "./options.ts";
import { quote, resolvePath } from "./values.ts";

/** A value, and what the user should hear about it. */
type Warned<T> = { value: T; warnings: string[] };

/** What an option of `-v` does; a text is said and nothing else happens. */
const volumeOptions: Readonly<
  Record<string, { readOnly?: boolean; recursive?: boolean; say?: string }>
> = {
  ro: { readOnly: true },
  rw: { readOnly: false },
  rbind: { recursive: true },
  bind: { recursive: false },
  // What is done anyway, and docker's options for other operating systems.
  private: {},
  rprivate: {},
  consistent: {},
  cached: {},
  delegated: {},
  z: { say: "relabels files for SELinux: ignored, the files keep their labels" },
  Z: { say: "relabels files for SELinux: ignored, the files keep their labels" },
};

/**
 * `-v SOURCE:TARGET[:OPTIONS]`, a bind mount of a host's directory or file, with everything mounted below it.
 *
 * @param cwd what a relative SOURCE (`./x`) is relative to
 */
export function parseVolume(flag: string, text: string, cwd: string): Warned<MountOption> {
  const parts = text.split(":");
  const [source = "", target, options = "", ...rest] = parts;
  if (target === undefined && text.startsWith("/"))
    throw invalid(
      `${flag} ${quote(text)}: anonymous volumes are not there yet`,
      `${flag} SOURCE:${text}`,
    );
  if (target === undefined || rest.length > 0 || source === "")
    throw invalid(`${flag} ${quote(text)} is not of the form SOURCE:TARGET[:ro|rw]`);
  const mount: MountOption = {
    type: "bind",
    source: parseSource(flag, source, cwd),
    target: parseTarget(flag, target),
    readOnly: false,
    recursive: true,
  };
  const warnings: string[] = [];
  for (const option of options === "" ? [] : options.split(",")) {
    const known = Object.hasOwn(volumeOptions, option) ? volumeOptions[option] : undefined;
    if (!known)
      throw invalid(
        `${flag} ${quote(text)}: no option ${quote(option)}`,
        "there are: ro, rw, bind, rbind, z, Z",
      );
    const { say, ...change } = known;
    Object.assign(mount, change);
    if (say !== undefined) warnings.push(`${flag} ${quote(text)}: ${option} ${say}`);
  }
  return { value: mount, warnings };
}

/** A path is told from a volume's name by its first character, as in docker. */
function parseSource(flag: string, source: string, cwd: string): string {
  if (/^[/.]/.test(source)) return resolvePath(cwd, source);
  throw invalid(
    `${flag} ${quote(source)}: named volumes are not there yet`,
    `for a directory of the host write its path: ${flag} ./${source}:…`,
  );
}
