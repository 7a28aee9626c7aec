import { invalid } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import { parseTarget } from "./mount.ts";
import type { MountOption } from "./options.ts";
import { quote } from "./values.ts";

/** `--tmpfs TARGET[:OPTIONS]`; the options are mount(8)'s for tmpfs. */
export function parseTmpfs(flag: string, text: string): MountOption {
  const at = text.indexOf(":");
  const target = parseTarget(flag, at < 0 ? text : text.slice(0, at));
  const options =
    at < 0
      ? []
      : text
          .slice(at + 1)
          .split(",")
          .filter(Boolean);
  for (const option of options) checkTmpfsOption(flag, option);
  return { type: "tmpfs", target, options };
}

/** Those of mount(8) that mean something for a tmpfs in a container, and tmpfs(5)'s own. */
const tmpfsFlags = new Set(
  "ro rw suid nosuid dev nodev exec noexec sync async atime noatime diratime nodiratime relatime norelatime strictatime nostrictatime".split(
    " ",
  ),
);
const tmpfsValues: Readonly<Record<string, RegExp>> = {
  size: /^\d+[kmg%]?$/i,
  nr_blocks: /^\d+[kmg]?$/i,
  nr_inodes: /^\d+[kmg]?$/i,
  mode: /^[0-7]{1,4}$/,
  uid: /^\d{1,10}$/,
  gid: /^\d{1,10}$/,
};

function checkTmpfsOption(flag: string, option: string): void {
  if (tmpfsFlags.has(option)) return;
  const [name = "", ...value] = option.split("=");
  const form = Object.hasOwn(tmpfsValues, name) ? tmpfsValues[name] : undefined;
  if (form?.test(value.join("="))) return;
  const [meant] = nearest(name, [...tmpfsFlags, ...Object.keys(tmpfsValues)]);
  throw invalid(
    `${flag}: ${quote(option)} is not an option of tmpfs`,
    meant && !form ? `did you mean ${meant}?` : undefined,
  );
}
