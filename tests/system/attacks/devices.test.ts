import { closeSync, constants, mkdirSync, openSync, statSync } from "node:fs";
import { describeAsRoot, missingFile } from "../support.ts";
import { attackedEngine, testAttacks, type Attack } from "./attack.ts";

/** CAP_MKNOD makes a node for anything; the device list says what may be opened: v1's controller, v2's eBPF program. */
describeAsRoot("root in a container", () => {
  const engine = attackedEngine(61);
  const nodes = `${engine.directory}/nodes`;
  mkdirSync(nodes);
  const off = ["--privileged"];

  /** A device that the host itself can open, by a node that the container makes in `directory`. */
  const open = (to: string, path: string, directory = ""): Attack => {
    const device = numbersOf(path);
    if (!device) return { to, script: "", off, lack: `the host cannot open ${path} itself` };
    const { type, major, minor } = device;
    const node = `${directory}/${type}-${major}-${minor}`;
    return {
      to,
      script: `mknod ${node} ${type} ${major} ${minor} && : < ${node}; code=$?; rm ${node}; exit $code`,
      off,
    };
  };
  testAttacks(engine, () => [
    open("read the host's disk", "/dev/vda"),
    open("take a loop device", "/dev/loop0"),
    open("make a loop device", "/dev/loop-control"),
    open("start a virtual machine", "/dev/kvm"),
    open("make a network interface", "/dev/net/tun"),
    open("serve a file system", "/dev/fuse"),
    open("read the kernel's messages", "/dev/kmsg"),
    open("read the kernel's memory", "/dev/mem"),
    open("type on the host's virtual terminal", "/dev/tty1"),
    open("type on the host's console", "/dev/console"),
    open("hold the host's processors awake", "/dev/cpu_dma_latency"),
    open("take over the host's btrfs", "/dev/btrfs-control"),
    {
      ...open("open a device whose node it puts into a volume", "/dev/kmsg", "/volume"),
      with: ["-v", `${nodes}:/volume`],
    },
    open("open a device whose node it makes in memory", "/dev/kmsg", "/dev/shm/.."),
    {
      to: "see the host's devices in /dev",
      script: "[ -e /dev/kmsg ]",
      off: ["-v", "/dev:/dev"],
      lack: missingFile("/dev/kmsg"),
    },
  ]);
});

/** What mknod(1) wants; undefined where the host has no such device, or keeps it from root as well. */
function numbersOf(path: string): { type: string; major: number; minor: number } | undefined {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY));
  } catch {
    return undefined;
  }
  const { rdev, mode } = statSync(path);
  const type = (mode & constants.S_IFMT) === constants.S_IFBLK ? "b" : "c";
  return { type, major: (rdev >> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >> 12) & ~0xff) };
}
