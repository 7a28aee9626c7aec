import { beforeAll, expect } from "bun:test";
import { compiler, describeAsRoot, noCompiler, testUnless } from "../support.ts";
import { attackedEngine } from "./attack.ts";

const source = new URL("../seccomp-probe.c", import.meta.url).pathname;
/** The attacks of seccomp-probe.c, in words. */
const attacks: Record<string, string> = {
  unshare_user: "make a user namespace by unshare",
  unshare_mount: "make a mount namespace by unshare",
  clone_user: "make a user namespace by clone",
  clone3_user: "make a user namespace by clone3, whose flags no filter sees",
  join_namespace: "join a namespace",
  new_filesystem: "make a file system by the new mount calls",
  clone_mount_tree: "copy a mount tree",
  open_by_handle: "open a file by its handle (shocker)",
  load_bpf: "load into the kernel's BPF",
  session_keyring: "use keyrings",
  add_key: "add a key",
  fault_handler: "handle page faults (userfaultfd), as exploits of races do",
  io_uring: "use io_uring",
  steal_fd: "take a descriptor out of a process (pidfd_getfd)",
  compare_kernel_pointers: "compare kernel pointers (kcmp)",
  read_kernel_log: "read the kernel's log",
  set_clock: "set the clock",
  no_randomization: "switch off address randomization for a program",
  vsock: "talk to the hypervisor",
  kernel_crypto: "reach the kernel's crypto by a socket",
  vsock_in_disguise: "talk to the hypervisor with a family of 64 bits",
  ...(process.arch === "x64"
    ? {
        io_ports: "use the processor's ports",
        i386_entry: "make a call by the 32-bit door",
        x32_unshare: "make a namespace by the x32 door",
      }
    : {}),
};

/** A success, or a kernel without what the attack is about: ENOSYS, EOPNOTSUPP, EAFNOSUPPORT. */
const worksOrLacks = /^(0|38|95|97)$/;

/** Parts of the kernel in which a container has no business: the filter alone, and with the capabilities' checks behind it. */
describeAsRoot("a program in a container", () => {
  const engine = attackedEngine(67);
  const outcomes = { privileged: new Map<string, string>(), plain: new Map<string, string>() };
  beforeAll(async () => {
    if (!compiler) return;
    const probe = `${engine.directory}/calls`;
    const built = Bun.spawnSync([compiler, "-O1", "-w", "-static", "-o", probe, source]);
    expect(built.stderr.toString()).toBe("");
    for (const [name, flags] of [
      ["privileged", ["--privileged"]],
      ["plain", []],
    ] as const) {
      const args = ["run", "--network", "none", "-v", `${probe}:/calls:ro`, ...flags];
      const { stdout } = await engine.run([...args, "busybox", "/calls", "attacks", "-"]);
      for (const line of stdout.trim().split("\n")) {
        const space = line.indexOf(" ");
        outcomes[name].set(line.slice(0, space), line.slice(space + 1));
      }
    }
  });

  for (const [name, words] of Object.entries(attacks))
    testUnless(noCompiler)(`cannot ${words}`, () => {
      const { privileged, plain } = outcomes;
      expect(privileged.get(name)).toMatch(worksOrLacks); // it works where nothing forbids it
      expect(plain.get(name)).toMatch(/^([1-9]\d*|signal 31)$/); // an error, or SIGSYS
    });
});
