import { KontenerError } from "../abi/error.ts";
import {
  isErrno,
  makeDirectories,
  readLink,
  symlink,
  tryList,
  tryReadText,
  unlink,
} from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import type { ContainerOptions, IdRange } from "../spec/options.ts";

const SIZE = 65_536;

/**
 * Where ranges come from unless /etc/subuid says otherwise: numbers that nobody gives out. systemd's containers end below
 * (0x6fffffff), its foreign users begin above (systemd's UIDS-GIDS.md): 4,094 ranges.
 */
const unclaimed: IdRange = { start: 0x7000_0000, size: 0x0ffe_0000 };

/** The name under which an administrator gives users and groups to containers (subuid(5)). */
const OWNER = "kontener";

const rangesDirectory = (paths: Paths): string => `${paths.run}/id-ranges`;

/** The range of subuid(5) that is `OWNER`'s; both files have to have the same one. */
export function ownRange(subuid: string, subgid: string): IdRange | undefined {
  const rowsOf = (text: string) => text.split("\n").filter((row) => row.startsWith(`${OWNER}:`));
  const groups = rowsOf(subgid);
  for (const row of rowsOf(subuid)) {
    const [, start, size] = row.split(":").map(Number);
    if (groups.includes(row) && start && size && size >= SIZE) return { start, size };
  }
  return undefined;
}

/**
 * `--userns auto`: 65,536 users of the host that are no other container's. A lease as for addresses: a symbolic link,
 * `<run>/id-ranges/<start>` → id, which symlink(2) makes for one taker only.
 */
export function takeIdRange(id: string, paths: Paths): IdRange {
  const directory = rangesDirectory(paths);
  const taken = new Set(tryList(directory));
  const all =
    ownRange(tryReadText("/etc/subuid") ?? "", tryReadText("/etc/subgid") ?? "") ?? unclaimed;
  const end = all.start + all.size;
  for (let { start } = all; start + SIZE <= end; start += SIZE) {
    if (taken.has(String(start))) continue;
    try {
      makeDirectories(directory, 0o711);
      symlink(id, `${directory}/${start}`);
      return { start, size: SIZE };
    } catch (error) {
      if (!isErrno(error, "EEXIST")) throw error;
    }
  }
  throw new KontenerError(
    `all ${Math.floor(all.size / SIZE)} ranges of users are containers' already`,
    {
      code: "CONFLICT",
      hint: `end a container, or give more in /etc/subuid and /etc/subgid: ${OWNER}:${unclaimed.start}:${unclaimed.size}`,
    },
  );
}

/** Gives back what a container has. */
export function releaseIdRange(id: string, paths: Paths): void {
  const directory = rangesDirectory(paths);
  for (const start of tryList(directory)) {
    try {
      if (readLink(`${directory}/${start}`) === id) unlink(`${directory}/${start}`);
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error; // given back meanwhile
    }
  }
}

/** The range that a container is going to have; undefined without a user namespace. */
export const chooseIdRange = (
  id: string,
  { userns = "host" }: ContainerOptions,
  paths: Paths,
): IdRange | undefined => {
  if (userns === "host") return undefined;
  return userns === "auto" ? takeIdRange(id, paths) : userns;
};

/** The same for `--dry-run`: the first range stands for the one that would be free. */
export const imagineIdRange = ({ userns = "host" }: ContainerOptions): IdRange | undefined => {
  if (userns === "host") return undefined;
  return userns === "auto" ? { start: unclaimed.start, size: SIZE } : userns;
};
