import { ptr } from "bun:ffi";
import { close } from "./files.ts";
import {
  bpfConstants,
  bpfInstructionSize,
  encodeProgramAttach,
  encodeProgramLoad,
} from "../abi/ebpf.ts";
import { AT_FDCWD, openFlags } from "../abi/open.ts";
import { call, cstring } from "./libc.ts";

/** Only some helper functions ask for the GPL, and the program calls none. */
const license = cstring("MIT");

/** The program loaded last: the next container's is nearly always the same, and loading it is most of the work (0.3 ms). */
let loaded: { instructions: Uint8Array; fd: number } | undefined;

function loadDeviceProgram(instructions: Uint8Array): number {
  if (loaded && Buffer.compare(loaded.instructions, instructions) === 0) return loaded.fd;
  const attributes = encodeProgramLoad({
    type: bpfConstants.BPF_PROG_TYPE_CGROUP_DEVICE,
    count: instructions.length / bpfInstructionSize,
    instructions: ptr(instructions),
    license: ptr(license),
    name: "kontener_dev",
  });
  const fd = call("bpf", bpfConstants.BPF_PROG_LOAD, attributes, attributes.length);
  if (loaded) close(loaded.fd);
  loaded = { instructions, fd };
  return fd;
}

/**
 * Puts a program on the control group at `directory`: the kernel asks it before a process in there opens or
 * makes a device (bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE, Linux 4.15). It goes when the group goes.
 */
export function attachDeviceProgram(directory: string, instructions: Uint8Array): void {
  const program = loadDeviceProgram(instructions);
  const flags = openFlags.O_RDONLY + openFlags.O_DIRECTORY + openFlags.O_CLOEXEC;
  const group = call("openat", AT_FDCWD, directory, flags, 0);
  try {
    const { BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI } = bpfConstants;
    const attributes = encodeProgramAttach(group, program, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI);
    call("bpf", bpfConstants.BPF_PROG_ATTACH, attributes, attributes.length);
  } finally {
    close(group);
  }
}
