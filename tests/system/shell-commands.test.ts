import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import type { RuntimeSpec } from "../../src/oci/runtime-spec.ts";
import { shellOf } from "../../src/plan/shell.ts";
import { shellWords } from "../../src/plan/shell-words.ts";
import type { Plan, Step } from "../../src/plan/step.ts";
import { isRoot, World } from "./launch/world.ts";

/** What --explain claims is the same has to be the same: a shell makes the container that the launcher makes. */

const inspection = `
cut -d' ' -f4-6,9- /proc/self/mountinfo | sort
ls -l /dev | grep -v total | cut -c1-10,14-
ls /mnt
hostname
cat /sys/class/net/lo/flags /proc/sys/net/ipv4/ip_forward
`;

/** The commands of PID 1 up to the point from which on they concern a process, and no more the place where it is. */
function scriptOf({ init }: Plan): string {
  const opened = new Map<string, Step>();
  const lines = ["set -e"];
  for (const step of init.slice(
    0,
    init.findIndex(({ call }) => call === "setsid"),
  )) {
    const command = shellOf(step, opened);
    if (step.store) opened.set(step.store, step);
    // unshare(1) starts a program: it stands outside of the script
    if (command === undefined || step.call === "unshare") continue;
    lines.push(step.ignore ? `${command} 2> /dev/null || :` : command);
  }
  return [...lines, shellWords("exec", "/bin/sh", "-c", inspection)].join("\n");
}

function specIn(world: World): RuntimeSpec {
  mkdirSync(`${world.path}/volume`);
  writeFileSync(`${world.path}/volume/letter`, "");
  // After pivot_root a shell finds only the programs of the new root.
  for (const name of ["umount", "touch"]) symlinkSync("busybox", `${world.rootfs}/bin/${name}`);
  const spec = world.spec(["/bin/sh", "-c", inspection]);
  spec.mounts.push({
    destination: "/mnt",
    type: "bind",
    source: `${world.path}/volume`,
    options: ["bind", "ro"],
  });
  spec.linux.sysctl = { "net.ipv4.ip_forward": "1" };
  return spec;
}

const tools = ["unshare", "mount", "pivot_root", "mknod", "ip", "hostname"];
const missing = tools.filter((name) => Bun.which(name) === null);
if (isRoot && missing.length)
  console.error(`shell commands are not tried: no ${missing.join(", ")}`);

describe.skipIf(!isRoot || missing.length > 0)("the shell commands of a plan", () => {
  test("run by a shell, they make the same container", async () => {
    using world = new World();
    const launched = await world.run(specIn(world));
    expect(launched.ended.code).toBe(0);

    using another = new World();
    const plan = another.plan(specIn(another));
    const [unshare] = plan.monitor.filter(({ call }) => call === "unshare").map((s) => shellOf(s));
    const { stdout, stderr } = Bun.spawnSync(
      [...unshare!.split(" "), "--cgroup", "sh", "-c", scriptOf(plan)],
      { env: { PATH: `${process.env["PATH"]}:/bin` } },
    );
    expect(stderr.toString()).toBe("");
    const places = (text: string): string[] =>
      text
        .replace(/\/tmp\/kontener-launch-\w+/g, "")
        .replace(/scratch-\d/g, "")
        .split("\n");
    expect(places(stdout.toString())).toEqual(places(launched.output));
    expect(launched.output).toContain("letter");
  });
});
