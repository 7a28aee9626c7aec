import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ReadStream } from "node:tty";
import type { Ended } from "../../../src/abi/wait.ts";
import { launch, type Hooks, type LaunchOptions } from "../../../src/launch/launch.ts";
import { call } from "../../../src/linux/libc.ts";
import { annotations } from "../../../src/oci/annotations.ts";
import type { RuntimeSpec } from "../../../src/oci/runtime-spec.ts";
import { doHostSteps } from "../../../src/engine/host-steps.ts";
import { buildPlan } from "../../../src/plan/build.ts";
import type { Plan } from "../../../src/plan/step.ts";

export const isRoot = process.getuid?.() === 0;
if (!isRoot) console.error("tests/system/launch is skipped: it needs root");

const busybox = new URL("../../../node_modules/busybox-static/bin/busybox", import.meta.url)
  .pathname;
const applets =
  "sh cat ls id stat readlink env pwd grep sed hostname ps sleep kill true false umask mount tty stty sort head cut mkdir".split(
    " ",
  );

/** A directory with a small root file system in it, gone at the end of the block. */
export class World {
  /** On a disk: a tmpfs, as /tmp may be, takes no idmapped mounts before Linux 6.3. */
  readonly path = mkdtempSync("/var/tmp/kontener-launch-");
  readonly rootfs = join(this.path, "rootfs");
  #scratches = 0;

  constructor() {
    for (const directory of ["bin", "etc", "tmp", "mnt"])
      mkdirSync(join(this.rootfs, directory), { recursive: true });
    copyFileSync(busybox, join(this.rootfs, "bin/busybox"));
    for (const name of applets) symlinkSync("busybox", join(this.rootfs, "bin", name));
    writeFileSync(join(this.rootfs, "etc/passwd"), "root:x:0:0:root:/:/bin/sh\n");
  }

  /** An overlay over the root file system, with everything on that a container has by default. */
  spec(args: string[]): RuntimeSpec {
    const scratch = join(this.path, `scratch-${this.#scratches++}`);
    for (const name of ["upper", "work", "merged"])
      mkdirSync(join(scratch, name), { recursive: true });
    const kept = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
    return {
      ociVersion: "1.2.0",
      hostname: "box",
      root: { path: join(scratch, "merged") },
      process: {
        user: { uid: 0, gid: 0, umask: 0o022 },
        args,
        env: ["PATH=/usr/bin:/bin", "LANG=C", "EMPTY="],
        cwd: "/",
        noNewPrivileges: true,
        capabilities: {
          bounding: kept,
          effective: kept,
          permitted: kept,
          inheritable: [],
          ambient: [],
        },
        rlimits: [{ type: "RLIMIT_NOFILE", soft: 512, hard: 1024 }],
      },
      mounts: [
        { destination: "/proc", type: "proc", options: ["nosuid", "nodev", "noexec"] },
        { destination: "/sys", type: "sysfs", options: ["ro", "nosuid", "nodev", "noexec"] },
        {
          destination: "/dev",
          type: "tmpfs",
          options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
        },
        {
          destination: "/dev/pts",
          type: "devpts",
          options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
        },
        {
          destination: "/dev/shm",
          type: "tmpfs",
          options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
        },
        { destination: "/dev/mqueue", type: "mqueue", options: ["nosuid", "noexec", "nodev"] },
      ],
      linux: {
        namespaces: (["pid", "network", "mount", "ipc", "uts", "cgroup"] as const).map((type) => ({
          type,
        })),
        maskedPaths: ["/proc/kcore", "/proc/acpi", "/sys/firmware"],
        readonlyPaths: ["/proc/sys", "/proc/bus"],
      },
      annotations: {
        [annotations.layers]: JSON.stringify([this.rootfs]),
        [annotations.scratch]: scratch,
      },
    };
  }

  /** Runs a container to its end; `output` is what it wrote, to its terminal where it has one. */
  async run(spec: RuntimeSpec, options: Run = {}): Promise<{ ended: Ended; output: string }> {
    const file = join(this.path, "output");
    const fd = openSync(file, "w");
    let typed: Promise<string> | undefined;
    try {
      const plan = this.plan(spec, options);
      const ended = await launch(
        plan,
        {
          executor: options.executor ?? "launcher",
          narrate: options.narrate ?? false,
          stdio: ["ignore", fd, fd],
        },
        {
          born: (pid) => doHostSteps(plan.birth, pid),
          terminal: (pid, master) => void (typed = readTerminal(pid, master)),
          ...options.hooks,
        },
      );
      return { ended, output: typed ? await typed : readFileSync(file, "utf8") };
    } finally {
      closeSync(fd);
    }
  }

  plan(spec: RuntimeSpec, { files, filter }: Pick<Run, "files" | "filter"> = {}): Plan {
    const facts = { files: new Set(files), filter, dieWithParent: true, before: [], birth: [] };
    return buildPlan(spec, facts);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

export type Run = {
  executor?: NonNullable<LaunchOptions["executor"]>;
  narrate?: boolean;
  /** Sources of bind mounts that are files. */
  files?: string[];
  filter?: Uint8Array;
  hooks?: Partial<Hooks>;
};

/** Takes a terminal's master out of another process, and reads until its other end is closed (then read(2) says EIO). */
async function readTerminal(pid: number, master: number): Promise<string> {
  const pidfd = call("pidfd_open", pid, 0);
  const stream = new ReadStream(call("pidfd_getfd", pidfd, master, 0));
  closeSync(pidfd);
  let text = "";
  stream.on("data", (chunk) => (text += chunk.toString()));
  const { promise, resolve } = Promise.withResolvers<string>();
  stream.on("error", () => stream.destroy());
  stream.on("close", () => resolve(text));
  return promise;
}
