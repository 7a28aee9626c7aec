/** The other engines, as far as they are installed, brought to do the same: `true` in a busybox root file system. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fresh, UNIQUE, type Candidate } from "./measure.ts";

type Bundle = { directory: string; rootfs: string };

/** A bundle for runc and crun: the namespaces and file systems that kontener makes too. */
export function makeBundle(directory: string, rootfs: string): Bundle {
  mkdirSync(directory, { recursive: true });
  const made = Bun.spawnSync(["runc", "spec"], { cwd: directory });
  if (!made.success) throw new Error(`runc spec: ${made.stderr.toString()}`);
  const spec = JSON.parse(readFileSync(`${directory}/config.json`, "utf8"));
  spec.process.args = ["/bin/true"];
  spec.process.terminal = false;
  spec.root = { path: rootfs, readonly: true };
  spec.linux.resources.memory = { limit: 104857600, swap: 104857600 };
  writeFileSync(`${directory}/config.json`, JSON.stringify(spec));
  return { directory, rootfs };
}

export function peers({ directory, rootfs }: Bundle): Candidate[] {
  const bwrap = [
    "--ro-bind",
    rootfs,
    "/",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    "--unshare-all",
    "--die-with-parent",
  ];
  const all: Candidate[] = [
    { name: "runc", command: ["runc", "run", "--bundle", directory, UNIQUE] },
    { name: "crun", command: ["crun", "run", "--bundle", directory, UNIQUE] },
    { name: "bwrap", command: ["bwrap", ...bwrap, "/bin/true"] },
    {
      name: "podman",
      command: [
        "podman",
        "run",
        "--rm",
        "--network",
        "none",
        "--rootfs",
        `${rootfs}:O`,
        "/bin/true",
      ],
    },
  ];
  return all.filter(({ command }) => works(command));
}

/** Installed, and able to run here at all. */
function works(command: string[]): boolean {
  if (!Bun.which(command[0]!)) return false;
  const tried = Bun.spawnSync(fresh(command), { stdio: ["ignore", "ignore", "pipe"] });
  if (!tried.success) {
    const reason = tried.stderr.toString().trim().split("\n").at(-1);
    console.error(`${command[0]} is left out: it cannot run here (${reason})`);
  }
  return tried.success;
}
