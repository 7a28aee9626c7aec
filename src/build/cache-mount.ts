import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { storeDirectory } from "../image/stored.ts";
import { tryLock, unlock } from "../linux/file-lock.ts";
import type { Paths } from "../linux/paths.ts";
import { sha256 } from "../store/digests.ts";
import type { RunMount, Sharing } from "./run-mount.ts";
import type { Workshop } from "./workshop.ts";

/*
 * `RUN --mount=type=cache`: <lib>/store/build-cache/<hash of its id>, and `.lock` beside it. Whoever uses a cache holds its
 * lock, shared or alone, as long as its command runs: what `sharing` asks for is between builds, as one does one RUN at a time.
 */
type CacheMount = Extract<RunMount, { type: "cache" }>;
type Shop = Pick<Workshop, "paths" | "signal" | "say">;

export const cacheMounts = (paths: Paths): string => `${storeDirectory(paths)}/build-cache`;

export type Caches = Disposable & { directory(mount: CacheMount): string };

/** The caches of a RUN, until it has ended. @throws the signal's reason where that comes while it waits for another build */
export async function holdCaches(mounts: readonly RunMount[], shop: Shop): Promise<Caches> {
  const held = new Map<string, { directory: string; lock: number }>();
  const caches: Caches = {
    directory: ({ id }) => held.get(id)!.directory,
    [Symbol.dispose]() {
      for (const { lock } of held.values()) unlock(lock);
    },
  };
  const byId = Map.groupBy(
    mounts.filter((mount) => mount.type === "cache"),
    ({ id }) => id,
  );
  try {
    // In one order for all: two builds that want the same two do not wait for each other.
    for (const [id, same] of [...byId].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      held.set(id, await hold(same, shop));
    return caches;
  } catch (error) {
    caches[Symbol.dispose]();
    throw error;
  }
}

/** The mounts of one id: the first says what it is made with, the strictest how it is shared. */
async function hold(mounts: readonly CacheMount[], { paths, signal, say }: Shop) {
  const [first] = mounts as [CacheMount];
  const sharing = strictest.find((wish) => mounts.some((mount) => mount.sharing === wish));
  const base = `${cacheMounts(paths)}/${sha256(first.id).slice("sha256:".length)}`;
  mkdirSync(cacheMounts(paths), { recursive: true });
  for (let turn = 0; ; turn++) {
    const directory = sharing === "private" && turn > 0 ? `${base}-${turn}` : base;
    const lock = tryLock(`${directory}.lock`, sharing === "shared");
    if (lock !== undefined) {
      make(directory, first);
      return { directory, lock };
    }
    if (sharing === "private") continue; // somebody has this one: the next
    if (turn === 0) say(`waiting for the build that has the cache ${first.id}`);
    signal.throwIfAborted();
    await Bun.sleep(20);
  }
}

const strictest: readonly Sharing[] = ["locked", "private", "shared"];

function make(directory: string, { mode, uid, gid }: CacheMount): void {
  if (mkdirSync(directory, { recursive: true, mode }) === undefined) return;
  chmodSync(directory, mode);
  chownSync(directory, uid, gid);
}
