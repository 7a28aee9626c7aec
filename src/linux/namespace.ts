import { close } from "./files.ts";
import { AT_FDCWD, openFlags } from "../abi/open.ts";
import { cloneFlags } from "../abi/sched.ts";
import { call } from "./libc.ts";

const openNamespace = (path: string): number =>
  call("openat", AT_FDCWD, path, openFlags.O_RDONLY + openFlags.O_CLOEXEC, 0);

/**
 * Runs `fn` with the calling thread in another process's network namespace (setns(2), needs CAP_SYS_ADMIN).
 * A namespace belongs to a thread, and this is the thread that runs all JavaScript: `fn` must be a system call and no
 * more. A socket made there stays in that namespace, and can be used from here.
 */
export function inNetworkNamespace<T>(pid: number, fn: () => T): T {
  const own = openNamespace("/proc/thread-self/ns/net");
  try {
    const other = openNamespace(`/proc/${pid}/ns/net`);
    try {
      call("setns", other, cloneFlags.CLONE_NEWNET);
      try {
        return fn();
      } finally {
        call("setns", own, cloneFlags.CLONE_NEWNET);
      }
    } finally {
      close(other);
    }
  } finally {
    close(own);
  }
}
