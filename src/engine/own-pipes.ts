import { readLink } from "../linux/files.ts";
import { tryCall } from "../linux/libc.ts";
import type { Stdio } from "../launch/launch.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { hostRoot } from "../plan/user-namespace.ts";

const AT_EMPTY_PATH = 0x1000;

/**
 * Gives the pipes that are a command's standard input, output and error to its user. They are open already, but /dev/stdout
 * opens them once more by their name in /proc, which their mode allows to the owner alone; programs that log there are many.
 * Only what has no name elsewhere: a file or a terminal stays its owner's.
 */
export function ownPipes(stdio: Stdio, spec: RuntimeSpec): void {
  const root = hostRoot(spec);
  const { user } = spec.process;
  const [uid, gid] = [root.uid + user.uid, root.gid + user.gid];
  if (uid === 0 && gid === 0) return;
  stdio.forEach((end, i) => {
    const fd = end === "inherit" ? i : end;
    if (typeof fd === "number" && readLink(`/proc/self/fd/${fd}`).startsWith("pipe:"))
      tryCall("fchownat", fd, "", uid, gid, AT_EMPTY_PATH); // who may not is no worse off than before
  });
}
