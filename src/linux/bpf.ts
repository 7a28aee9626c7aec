import { ptr } from "bun:ffi";
import { closeSync } from "node:fs";
import {
  bpfConstants,
  bpfInstructionSize,
  encodeProgramAttach,
  encodeProgramLoad,
} from "../abi/ebpf.ts";
import { AT_FDCWD, openFlags } from "../abi/open.ts";
import { call, cstring } from "./libc.ts";

/**
 * Loads a program and puts it on the control group at `directory`: the kernel asks it before a process in there opens or
 * makes a device (bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE, Linux 4.15). It goes when the group goes.
 */
export function attachDeviceProgram(directory: string, instructions: Uint8Array): void {
  const license = cstring("MIT"); // only some helper functions ask for the GPL, and the program calls none
  const load = encodeProgramLoad({
    type: bpfConstants.BPF_PROG_TYPE_CGROUP_DEVICE,
    count: instructions.length / bpfInstructionSize,
    instructions: ptr(instructions),
    license: ptr(license),
    name: "kontener_dev",
  });
  const program = call("bpf", bpfConstants.BPF_PROG_LOAD, load, load.length);
  try {
    const flags = openFlags.O_RDONLY + openFlags.O_DIRECTORY + openFlags.O_CLOEXEC;
    const group = call("openat", AT_FDCWD, directory, flags, 0);
    try {
      const { BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI } = bpfConstants;
      const attach = encodeProgramAttach(group, program, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI);
      call("bpf", bpfConstants.BPF_PROG_ATTACH, attach, attach.length);
    } finally {
      closeSync(group);
    }
  } finally {
    closeSync(program); // the group holds it now
  }
}
