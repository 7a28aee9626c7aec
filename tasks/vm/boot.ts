import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { $ as shell } from "zx";
import { checkout, guests, type Arch } from "./guest.ts";

const $ = shell({ quiet: true });

export type Boot = {
  arch: Arch;
  /** The directory that `guestImage` made. */
  image: string;
  cgroup: "v1" | "v2";
  command: string;
  /** Seconds for boot and command together. */
  timeout: number;
};

/**
 * Runs a command in a guest that is thrown away afterwards; what it prints goes to standard output. Resolves to the
 * command's exit code, 124 after the timeout, 125 where the guest came to nothing.
 *
 *     checkout ──── a copy, on a second disk ──► /src     (virtiofs is six times slower, and shows half-made edits)
 *     command ───── kernel command line ───────► init
 *     stdout ◄───── virtio port "output"                  (apart from the console's lines)
 *     exit code ◄── virtio port "exit"
 */
export async function boot({ timeout, ...guest }: Boot): Promise<number> {
  const work = mkdtempSync(`${tmpdir()}/kontener-vm-`);
  let qemu: Bun.Subprocess | undefined;
  const interrupted = (): never => {
    qemu?.kill("SIGKILL");
    rmSync(work, { recursive: true, force: true });
    process.exit(130);
  };
  for (const signal of endings) process.once(signal, interrupted);
  try {
    await copyCheckout(work);
    for (const file of ["exit", "console"]) writeFileSync(`${work}/${file}`, "");
    qemu = Bun.spawn([guests[guest.arch].qemu, ...qemuArguments(guest, work)], {
      // The end of its standard input would close the port "output": a pipe that nobody writes to.
      stdio: ["pipe", "inherit", Bun.file(`${work}/qemu.log`)],
      env: { ...process.env, TMPDIR: work }, // what the guest writes to its root disk
      timeout: 1000 * timeout,
      killSignal: "SIGKILL",
    });
    await qemu.exited;

    const file = (name: string): string => readFileSync(`${work}/${name}`, "utf8").trim();
    if (file("exit") !== "") return Number(file("exit"));
    if (qemu.signalCode === "SIGKILL") {
      console.error(`vm: not done after ${timeout} s`);
      return 124;
    }
    console.error(`vm: the guest ended without an answer\n${file("qemu.log")}\n${file("console")}`);
    return 125;
  } finally {
    qemu?.kill("SIGKILL");
    rmSync(work, { recursive: true, force: true });
    for (const signal of endings) process.off(signal, interrupted);
  }
}

const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** `work/src.img`, without the repository: what the guest writes there goes with it. */
const copyCheckout = (work: string) => $`
  mkdir ${work}/src
  tar -C ${checkout} --exclude=./.git -cf - . | tar -C ${work}/src -xf -
  mke2fs -q -t ext4 -O ^has_journal -m 0 -d ${work}/src ${work}/src.img 2G
  rm -rf ${work}/src`;

function qemuArguments(guest: Omit<Boot, "timeout">, work: string): string[] {
  const { arch, image, cgroup, command } = guest;
  const { machine, cpu, console } = guests[arch];
  const words = [
    `console=${console} quiet panic=-1 mitigations=off random.trust_cpu=on`,
    `net.ifnames=0 kontener.cgroup=${cgroup} kontener.command=${Buffer.from(command).toString("base64")}`,
  ];
  const options = [
    // Without KVM: it may be there and hang, as on this project's CI.
    ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ["-accel", "tcg,thread=multi", "-cpu", cpu, "-smp", "2", "-m", "2048"],
    ["-machine", machine],
    ["-kernel", `${image}/vmlinuz`, "-initrd", `${image}/initrd`, "-append", words.join(" ")],
    ["-serial", `file:${work}/console`],
    ["-drive", `file=${image}/root.img,if=virtio,format=raw,snapshot=on,cache=unsafe`],
    ["-drive", `file=${work}/src.img,if=virtio,format=raw,cache=unsafe`],
    ["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"],
    ["-chardev", "stdio,id=output,signal=off"],
    ["-device", "virtserialport,chardev=output,name=output"],
    ["-chardev", `file,id=exit,path=${work}/exit`],
    ["-device", "virtserialport,chardev=exit,name=exit"],
  ];
  return options.flat();
}
