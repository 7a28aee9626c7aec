import { archOf } from "../abi/syscall.ts";
import { writeAll } from "../linux/files.ts";
import { call, tryCall } from "../linux/libc.ts";
import { launcherBytes } from "./launcher-bytes.ts";

const [MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_EXEC] = [1, 2, 0x10];
const [F_ADD_SEALS, EVERY_SEAL] = [1033, 0xf]; // SEAL, SHRINK, GROW, WRITE: fcntl_linux(2)

let path: string | undefined;

/**
 * Where the launcher program can be executed: sealed memory, not a file, so that nothing that gets hold of it can change it
 * (CVE-2019-5736), and no other thread's fork can hold it open for writing (ETXTBSY).
 */
export function launcherPath(): string {
  if (path) return path;
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  // MFD_EXEC came with Linux 6.3; before, every memfd could be executed.
  const executable = tryCall("memfd_create", "kontener-launcher", flags | MFD_EXEC);
  const fd = executable >= 0 ? executable : call("memfd_create", "kontener-launcher", flags);
  writeAll(fd, Uint8Array.fromBase64(launcherBytes[archOf(process.arch)]));
  call("fcntl", fd, F_ADD_SEALS, EVERY_SEAL);
  path = `/proc/self/fd/${fd}`;
  return path;
}
