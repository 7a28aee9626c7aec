import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, existsSync, readdirSync } from "node:fs";
import { freezeCgroup, thawCgroup } from "../../src/cgroup/freeze.ts";
import { readLayout, readText, writeText } from "../../src/cgroup/host.ts";
import { killCgroup } from "../../src/cgroup/kill.ts";
import { homeOf } from "../../src/cgroup/layout.ts";
import { planCgroup, planUpdate } from "../../src/cgroup/plan.ts";
import { groupDirectories, pidsIn } from "../../src/cgroup/processes.ts";
import { removeCgroup } from "../../src/cgroup/remove.ts";
import { readUsage } from "../../src/cgroup/stats.ts";
import type { Resources } from "../../src/oci/runtime-spec.ts";
import type { HostStep } from "../../src/plan/host-step.ts";

setDefaultTimeout(60_000); // a guest without KVM is slow
if (process.getuid?.() !== 0) console.error("tests/system/cgroup is skipped: it needs root");
const asRoot = test.skipIf(process.getuid?.() !== 0);
const MiB = 1024 * 1024;
const layout = readLayout();
const parent = `/kontener-test-${process.pid}`;
const path = `${parent}/web`;

afterEach(async () => {
  await killCgroup(layout, path);
  await removeCgroup(layout, path);
  await removeCgroup(layout, parent);
});

/** The engine does this in src/engine/host-steps.ts; here only the control groups are looked at. */
function apply(steps: readonly HostStep[], pid?: number): void {
  for (const step of steps)
    try {
      if (step.call === "mkdir") mkdirSync(step.path, step.mode);
      if (step.call === "write") writeText(step.path, step.text.replace("$PID", String(pid)));
    } catch (error) {
      if (!step.ignore?.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
}

/** A shell that is in its group before it runs the script. */
function start(script: string, resources: Resources): Bun.Subprocess<"pipe", "pipe", "ignore"> {
  const plan = planCgroup({ path, resources, layout });
  apply(plan.create);
  const child = Bun.spawn(["sh", "-c", `read go; ${script}`], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  apply(plan.join, child.pid);
  child.stdin.write("go\n");
  child.stdin.end();
  return child;
}

/** The first of the files that the kernel has. */
const limit = (controller: string, ...files: string[]): string | undefined =>
  files
    .map((file) => readText(`${homeOf(layout, controller)?.mount}${path}/${file}`)?.trim())
    .find((text) => text !== undefined);

const waitFor = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 500 && !condition(); i++) await Bun.sleep(10);
};

asRoot("limits are in force and the process is in the group", async () => {
  const child = start("exec sleep 60", {
    memory: { limit: 64 * MiB, swap: 64 * MiB },
    pids: { limit: 50 },
    cpu: { quota: 50_000, period: 100_000, shares: 512 },
  });
  expect(limit("memory", "memory.max", "memory.limit_in_bytes")).toBe(String(64 * MiB));
  expect(limit("pids", "pids.max")).toBe("50");
  expect(limit("cpu", "cpu.max", "cpu.cfs_quota_us")).toStartWith("50000");
  expect(pidsIn(layout, path)).toEqual([child.pid]);
  expect(readText(`/proc/${child.pid}/cgroup`)).toContain(path);
});

asRoot("v1: a device that is not on the list cannot be opened", async () => {
  if (homeOf(layout, "devices") === undefined) return;
  const rules = [
    { allow: false, access: "rwm" },
    { allow: true, type: "c", major: 1, minor: 3, access: "rw" },
  ] as const;
  const script = "for d in null zero; do head -c 1 /dev/$d > /dev/null 2>&1 && echo $d; done; :";
  const allowed = start(script, { devices: [...rules] });
  expect(await allowed.stdout.text()).toBe("null\n");
});

asRoot("a fork bomb ends at the limit of processes", async () => {
  const child = start("for i in 1 2 3 4 5 6 7 8; do sleep 60 >&- & done; echo all", {
    pids: { limit: 4 },
  });
  expect(await child.stdout.text()).toBe("");
  expect(await child.exited).not.toBe(0);
});

asRoot("what needs more memory than the limit is killed, and counted", async () => {
  const child = start("dd if=/dev/zero of=/dev/null bs=50M count=1", {
    memory: { limit: 16 * MiB, swap: 16 * MiB },
  });
  await child.exited;
  const usage = readUsage(layout, path);
  expect(usage.oomKills).toBeGreaterThanOrEqual(1);
  expect(usage.cpuTimeUsec).toBeGreaterThan(0);
  // memory.peak is there since Linux 5.19
  if (usage.memoryPeak !== undefined) {
    expect(usage.memoryPeak).toBeGreaterThan(14 * MiB);
    expect(usage.memoryPeak).toBeLessThanOrEqual(16 * MiB);
  }
});

asRoot("without a limit the same command is not killed", async () => {
  const child = start("dd if=/dev/zero of=/dev/null bs=50M count=1", {});
  expect(await child.exited).toBe(0);
  expect(readUsage(layout, path).oomKills).toBe(0);
});

asRoot("a paused group makes no progress, and goes on when resumed", async () => {
  const child = start("while :; do :; done", {});
  const used = (): number => readUsage(layout, path).cpuTimeUsec ?? 0;
  await waitFor(() => used() > 0);
  await freezeCgroup(layout, path);
  const before = used();
  await Bun.sleep(100);
  expect(used()).toBe(before);
  thawCgroup(layout, path);
  await waitFor(() => used() > before);
  expect(used()).toBeGreaterThan(before);
  expect(child.exitCode).toBeNull();
});

asRoot(
  "killing a group ends all its processes, paused ones and those in groups inside it too",
  async () => {
    const child = start("sleep 60 & sleep 60 & wait", {});
    await waitFor(() => pidsIn(layout, path).length === 3);
    const tree = groupDirectories(layout, path).find(existsSync);
    mkdirSync(`${tree}/inner`);
    writeText(`${tree}/inner/cgroup.procs`, String(pidsIn(layout, path).at(-1)));
    await freezeCgroup(layout, path);
    await killCgroup(layout, path);
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
    await waitFor(() => pidsIn(layout, path).length === 0);
    expect(pidsIn(layout, path)).toEqual([]);
  },
);

asRoot("an update changes the limits of a running group, up and down", async () => {
  const child = start("exec sleep 60", { memory: { limit: 32 * MiB, swap: 32 * MiB } });
  for (const bytes of [64 * MiB, 16 * MiB]) {
    const resources = { memory: { limit: bytes, swap: bytes }, pids: { limit: 9 } };
    apply(planUpdate({ path, resources, layout }, pidsIn(layout, path)));
    expect(limit("memory", "memory.max", "memory.limit_in_bytes")).toBe(String(bytes));
  }
  expect(limit("pids", "pids.current")).toBe("1");
  expect(child.exitCode).toBeNull();
});

asRoot("removing a group that has processes says which; later it leaves nothing", async () => {
  const child = start("exec sleep 60", { pids: { limit: 5 } });
  const [tree] = groupDirectories(layout, path);
  mkdirSync(`${tree}/made/inside`, { recursive: true });
  const error = await removeCgroup(layout, path, 20).catch((e: unknown) => e);
  expect(error).toMatchObject({ errno: "EBUSY", hint: expect.stringContaining(`${child.pid}`) });
  child.kill("SIGKILL");
  await child.exited;
  await removeCgroup(layout, path);
  expect(groupDirectories(layout, path).filter(existsSync)).toEqual([]);
  await removeCgroup(layout, path); // a second time is no error
});

asRoot("nothing of these tests is left on the host", async () => {
  const mounts = groupDirectories(layout, "");
  expect(mounts.flatMap((m) => readdirSync(m)).filter((n) => `/${n}` === parent)).toEqual([]);
});
