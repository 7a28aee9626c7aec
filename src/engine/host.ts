import { capabilities } from "../abi/capability.ts";
import { archOf } from "../abi/syscall.ts";
import { readText } from "../linux/files.ts";
import { memory, tryCall } from "../linux/libc.ts";
import type { Host } from "../plan/host.ts";

const OVERLAYFS_SUPER_MAGIC = 0x794c7630; // statfs(2)
const SIZE_OF_STATFS = 120;

/** Reads what the plan needs to know of this host. `stateDirectory` is where writable layers will be. */
export function readHost(stateDirectory: string): Host {
  const [major = 0, minor = 0] = readText("/proc/sys/kernel/osrelease").split(".").map(Number);
  return {
    arch: archOf(process.arch),
    kernel: [major, minor],
    uid: process.getuid!(),
    bounding: readBoundingSet(),
    upperOnTmpfs: fileSystemOf(stateDirectory) === OVERLAYFS_SUPER_MAGIC,
  };
}

/** CapBnd of proc_pid_status(5): an engine in a container cannot hand on what it lacks. */
function readBoundingSet(): string[] {
  const text = readText("/proc/self/status");
  const digits = /^CapBnd:\s*([0-9a-f]{16})/m.exec(text)?.[1] ?? "0".repeat(16);
  const halves = [digits.slice(8), digits.slice(0, 8)].map((half) => Number.parseInt(half, 16));
  return capabilities.filter((_, i) => (halves[i >> 5]! >>> (i & 31)) & 1);
}

/** The type (statfs(2)) of the file system that a directory is on, or will be on once it is made. */
export function fileSystemOf(directory: string): number {
  const buffer = memory(SIZE_OF_STATFS);
  if (tryCall("statfs", directory || "/", buffer) === 0)
    return new DataView(buffer.buffer).getUint32(0, true); // f_type
  return directory ? fileSystemOf(directory.slice(0, directory.lastIndexOf("/"))) : 0;
}
