import { KontenerError, SyscallError } from "../abi/error.ts";
import { withLock } from "../linux/file-lock.ts";
import type { Paths } from "../linux/paths.ts";
import { readEntry, type Entry } from "./list.ts";

/**
 * Runs `fn` while no other command changes the container; it gets the container as it is by then.
 *
 * @throws KontenerError NOT_FOUND where it has been removed meanwhile
 */
export async function exclusively<T>(
  entry: Entry,
  paths: Paths,
  fn: (entry: Entry) => Promise<T>,
): Promise<T> {
  const gone = () =>
    new KontenerError(`container ${entry.record.name} has been removed meanwhile`, {
      code: "NOT_FOUND",
      exitCode: 1,
    });
  try {
    return await withLock(`${entry.directory}/verb.lock`, async () => {
      const now = readEntry(entry.record.id, paths);
      if (!now) throw gone();
      return await fn(now);
    });
  } catch (error) {
    const lost = error instanceof SyscallError && error.errno === "ENOENT";
    throw lost && error.args.includes("verb.lock") ? gone() : error;
  }
}
