import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { checkout, guests, type Arch } from "./guest.ts";

export type Boot = {
  arch: Arch;
  /** The directory that `guestImage` made. */
  image: string;
  cgroup: "v1" | "v2";
  command: string;
  /** Seconds for boot and command together. */
  timeout: number;
};

const virtiofsd = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"];

/**
 * Runs a command in a guest that is thrown away afterwards; what it prints goes to standard output. Resolves to the
 * command's exit code, 124 after the timeout, 125 where the guest came to nothing.
 *
 *     checkout ── virtiofsd ──► /src            (Debian's cloud kernels have no 9p)
 *     command ─── kernel command line ──► init
 *     stdout ◄─── virtio port "output"          (apart from the console's lines)
 *     exit code ◄ virtio port "exit"
 */
export async function boot({ timeout, ...guest }: Boot): Promise<number> {
  const work = mkdtempSync(`${tmpdir()}/kontener-vm-`);
  const started: Bun.Subprocess[] = [];
  const stop = (): void => started.forEach((process) => process.kill("SIGKILL"));
  const interrupted = (): never => {
    stop();
    rmSync(work, { recursive: true, force: true });
    process.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, interrupted);
  try {
    const socket = `${work}/src.sock`;
    const daemon = virtiofsd.find(existsSync) ?? "virtiofsd";
    started.push(
      Bun.spawn([daemon, `--socket-path=${socket}`, "-o", `source=${checkout},cache=auto`], {
        stdio: ["ignore", "ignore", "ignore"],
      }),
    );
    for (let i = 0; i < 250 && !existsSync(socket); i++) await Bun.sleep(20);

    if (!existsSync(socket)) throw new Error(`${daemon} does not start: is it installed?`);

    for (const file of ["exit", "console"]) writeFileSync(`${work}/${file}`, "");
    const qemu = Bun.spawn([guests[guest.arch].qemu, ...qemuArguments(guest, work)], {
      // The end of its standard input would close the port "output": a pipe that nobody writes to.
      stdio: ["pipe", "inherit", Bun.file(`${work}/qemu.log`)],
      env: { ...process.env, TMPDIR: work }, // what the guest writes to its root disk
    });
    started.push(qemu);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      qemu.kill("SIGKILL");
    }, 1000 * timeout);
    await qemu.exited;
    clearTimeout(timer);

    const code = readFileSync(`${work}/exit`, "utf8").trim();
    if (code !== "") return Number(code);
    const log = (name: string): string => readFileSync(`${work}/${name}`, "utf8").trim();
    if (late) console.error(`vm: not done after ${timeout} s`);
    else
      console.error(`vm: the guest ended without an answer\n${log("qemu.log")}\n${log("console")}`);
    return late ? 124 : 125;
  } finally {
    stop();
    await Promise.all(started.map((process) => process.exited));
    rmSync(work, { recursive: true, force: true });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, interrupted);
  }
}

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
    ["-object", "memory-backend-memfd,id=memory,size=2048M,share=on"], // shared with virtiofsd
    ["-machine", `${machine},memory-backend=memory`],
    ["-kernel", `${image}/vmlinuz`, "-initrd", `${image}/initrd`, "-append", words.join(" ")],
    ["-serial", `file:${work}/console`],
    ["-drive", `file=${image}/root.img,if=virtio,format=raw,snapshot=on,cache=unsafe`],
    ["-chardev", `socket,id=src,path=${work}/src.sock`],
    ["-device", "vhost-user-fs-pci,chardev=src,tag=src"],
    ["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"],
    ["-chardev", "stdio,id=output,signal=off"],
    ["-device", "virtserialport,chardev=output,name=output"],
    ["-chardev", `file,id=exit,path=${work}/exit`],
    ["-device", "virtserialport,chardev=exit,name=exit"],
  ];
  return options.flat();
}
