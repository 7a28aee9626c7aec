import { SyscallError } from "../abi/error.ts";

/** For Bun.spawn: what the kernel refuses is an error like that of any other call. */
export function spawning<T>(step: string, spawn: () => T): T {
  try {
    return spawn();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    // "posix_spawn" is vfork(2) and execve(2): by that name there is advice for it.
    const call = error.syscall === "posix_spawn" ? "vfork" : error.syscall;
    throw new SyscallError({ call, args: "", errno: -error.errno, step });
  }
}

const isSystemError = (error: unknown): error is { errno: number; syscall: string } =>
  error instanceof Error && "errno" in error && "syscall" in error;
