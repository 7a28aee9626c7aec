import { close } from "./files.ts";
import { errnos } from "../abi/errno.ts";
import { SyscallError } from "../abi/error.ts";
import { AT_FDCWD, openFlags } from "../abi/open.ts";
import { call, tryCall } from "./libc.ts";

const [LOCK_SH, LOCK_EX, LOCK_NB] = [1, 2, 4];

/**
 * Takes a lock on a file, which is made where it is missing (flock(2)). The lock is gone when the descriptor is closed,
 * so also when its holder dies, however. Returns the descriptor, or undefined where somebody else has the lock. `shared`:
 * others may have it too, as long as they share it.
 */
export function tryLock(path: string, shared = false): number | undefined {
  const flags = openFlags.O_RDWR + openFlags.O_CREAT + openFlags.O_CLOEXEC;
  const fd = call("openat", AT_FDCWD, path, flags, 0o600);
  const result = tryCall("flock", fd, (shared ? LOCK_SH : LOCK_EX) + LOCK_NB);
  if (result === 0) return fd;
  close(fd);
  if (-result === errnos.EAGAIN) return undefined;
  throw new SyscallError({
    call: "flock",
    args: `"${path}", ${shared ? "LOCK_SH" : "LOCK_EX"}|LOCK_NB`,
    errno: -result,
  });
}

export const unlock = (fd: number): void => close(fd);

/** Runs `fn` while the lock is held; waits for it on the event loop, without a thread. */
export async function withLock<T>(
  path: string,
  fn: () => T | Promise<T>,
  shared = false,
): Promise<T> {
  let fd = tryLock(path, shared);
  for (let delay = 1; fd === undefined; delay = Math.min(2 * delay, 50)) {
    await Bun.sleep(delay);
    fd = tryLock(path, shared);
  }
  try {
    return await fn();
  } finally {
    unlock(fd);
  }
}
