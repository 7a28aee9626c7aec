import { prctlOptions, securebits } from "../abi/prctl.ts";
import { call, tryCall } from "./libc.ts";

/**
 * Does one thing as the owner of what it makes, with all of root's capabilities: setfsuid(2), setfsgid(2). Root's own number
 * cannot stand on a file of an idmapped mount, such as the layer of a container with a user namespace: EOVERFLOW. Only for
 * what is done at once: the numbers are this thread's.
 */
export function asOwner<T>(uid: number, gid: number, act: () => T): T {
  const back = becomeOwner(uid, gid);
  try {
    return act();
  } finally {
    back();
  }
}

/** The same until the result is called: for a program that does nothing else meanwhile. */
export function becomeOwner(uid: number, gid: number): () => void {
  if (process.getuid!() !== 0 || (uid === 0 && gid === 0)) return () => undefined;
  // Otherwise another file system uid would cost the capabilities for files (capabilities(7)).
  call("prctl", prctlOptions.PR_SET_SECUREBITS, securebits.SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
  tryCall("setfsgid", gid);
  tryCall("setfsuid", uid);
  return () => {
    tryCall("setfsuid", 0);
    tryCall("setfsgid", 0);
    call("prctl", prctlOptions.PR_SET_SECUREBITS, 0, 0, 0, 0);
  };
}
