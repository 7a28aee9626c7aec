import { invalid } from "../abi/error.ts";
import { parseTarget } from "./mount.ts";
import type { MountOption } from "./options.ts";
import { checkVolumeName } from "./volume-name.ts";
import { quote, resolvePath } from "./values.ts";

/** A value, and what the user should hear about it. */
type Warned<T> = { value: T; warnings: string[] };

/** What an option of `-v` does; a text is said and nothing else happens. */
const volumeOptions: Readonly<
  Record<string, { readOnly?: boolean; recursive?: boolean; noCopy?: boolean; say?: string }>
> = {
  ro: { readOnly: true },
  rw: { readOnly: false },
  rbind: { recursive: true },
  bind: { recursive: false },
  nocopy: { noCopy: true },
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
 * `-v SOURCE:TARGET[:OPTIONS]`: a host's directory or file, with everything mounted below it, or a volume by its name, which
 * is told from a path by its first character; `-v TARGET`: a volume of the container's own.
 *
 * @param cwd what a relative SOURCE (`./x`) is relative to
 */
export function parseVolume(flag: string, text: string, cwd: string): Warned<MountOption> {
  const parts = text.split(":");
  const own = parts.length === 1;
  const [source = "", target = "", options = "", ...rest] = own ? ["", text] : parts;
  if (rest.length > 0 || target === "" || (source === "" && !own))
    throw invalid(`${flag} ${quote(text)} is not of the form SOURCE:TARGET[:ro|rw]`);
  if (own && !text.startsWith("/"))
    throw invalid(`${flag} ${quote(text)} says not where`, `${flag} ${text}:/some/directory`);
  const place = { target: parseTarget(flag, target), readOnly: false };
  const bind = /^[/.]/.test(source);
  if (!bind && !own) checkVolumeName(source);
  const mount: MountOption = bind
    ? { type: "bind", source: resolvePath(cwd, source), ...place, recursive: true }
    : { type: "volume", ...(own ? {} : { name: source }), ...place };
  const warnings: string[] = [];
  for (const option of options === "" ? [] : options.split(",")) {
    const known = Object.hasOwn(volumeOptions, option) ? volumeOptions[option] : undefined;
    if (!known)
      throw invalid(
        `${flag} ${quote(text)}: no option ${quote(option)}`,
        "there are: ro, rw, bind, rbind, nocopy, z, Z",
      );
    const { say, ...change } = known;
    const odd = bind ? "noCopy" in change : "recursive" in change;
    if (odd)
      throw invalid(
        `${flag} ${quote(text)}: ${option} is for ${bind ? "volumes, and this is a path" : "paths, and this is a volume"}`,
      );
    Object.assign(mount, change);
    if (say !== undefined) warnings.push(`${flag} ${quote(text)}: ${option} ${say}`);
  }
  return { value: mount, warnings };
}
