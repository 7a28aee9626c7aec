import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { syscallNumber, archOf } from "../../../src/abi/syscall.ts";
import { annotations } from "../../../src/oci/annotations.ts";
import type { Mount, RuntimeSpec } from "../../../src/oci/runtime-spec.ts";
import { formatStep } from "../../../src/plan/format.ts";
import { inspection, readInspection, type Inside } from "./inspect.ts";
import { isRoot, World, type Run } from "./world.ts";

type Case = { change?: (spec: RuntimeSpec, world: World) => void; run?: (world: World) => Run };

const bind = (source: string, destination: string, ...options: string[]): Mount => ({
  destination,
  type: "bind",
  source,
  options: ["rbind", ...options],
});

const sharing =
  (...types: string[]) =>
  (spec: RuntimeSpec) => {
    spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) => !types.includes(type));
  };

/** A seccomp filter that answers mkdir(2) and mkdirat(2) with EPERM: struct sock_filter is u16, u8, u8, u32. */
function noMkdir(): Uint8Array {
  const arch = archOf(process.arch);
  const line = (code: number, jt: number, jf: number, k: number) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setUint16(0, code, true);
    view.setUint8(2, jt);
    view.setUint8(3, jf);
    view.setUint32(4, k, true);
    return new Uint8Array(view.buffer);
  };
  const numbers = [syscallNumber("mkdirat", arch), syscallNumber("mkdir", arch) >>> 0];
  return Buffer.concat([
    line(0x20, 0, 0, 0), // load the number
    line(0x15, 1, 0, numbers[0]!),
    line(0x15, 0, 1, numbers[1]!),
    line(0x06, 0, 0, 0x00050001), // SECCOMP_RET_ERRNO, EPERM
    line(0x06, 0, 0, 0x7fff0000), // SECCOMP_RET_ALLOW
  ]);
}

function ownUsers({ linux }: RuntimeSpec): void {
  linux.namespaces.unshift({ type: "user" });
  linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: 200_000, size: 65_536 }];
}

const cases: Record<string, Case> = {
  "a container with everything usual": {},
  "bind mounts, two of them of files": {
    change(spec, world) {
      mkdirSync(`${world.path}/volume/sub`, { recursive: true });
      writeFileSync(`${world.path}/file`, "text");
      spec.mounts.push(
        bind(`${world.path}/volume`, "/mnt/a"),
        bind(`${world.path}/volume`, "/mnt/new/b", "ro"),
        bind(`${world.path}/file`, "/etc/hosts"),
        bind(`${world.path}/file`, "/etc/hostname", "ro"),
      );
      // A later store: its descriptor must not collide with what the file mounts opened.
      spec.process.oomScoreAdj = 500;
      spec.linux.sysctl = { "kernel.domainname": "example" };
    },
    run: (world) => ({ files: [`${world.path}/file`] }),
  },
  "a read-only root file system with a tmpfs in it": {
    change(spec) {
      spec.root.readonly = true;
      spec.mounts.push({ destination: "/tmp", type: "tmpfs", options: ["nosuid", "size=1m"] });
    },
  },
  "a user who is not root, with groups and an ambient capability": {
    change(spec) {
      spec.process.user = { uid: 1000, gid: 100, umask: 0o077, additionalGids: [5, 20] };
      const caps = spec.process.capabilities!;
      const some = ["CAP_NET_BIND_SERVICE"];
      Object.assign(caps, { effective: some, permitted: some, inheritable: some, ambient: some });
    },
  },
  "a reaper as PID 1": {
    change: (spec) => Object.assign(spec.annotations!, { [annotations.init]: "true" }),
  },
  "the host's network, IPC and host name": { change: sharing("network", "ipc", "uts") },
  "the host's processes": { change: sharing("pid") },
  "an upper directory in memory": {
    change: (spec) => Object.assign(spec.annotations!, { [annotations.scratchType]: "memory" }),
  },
  "a directory as root file system, without an overlay": {
    change(spec, world) {
      spec.annotations = {};
      spec.root.path = world.rootfs;
      for (const name of ["proc", "sys", "dev"])
        mkdirSync(`${world.rootfs}/${name}`, { recursive: true });
    },
  },
  "a user namespace, a volume and a terminal": {
    change(spec, world) {
      mkdirSync(`${world.path}/volume`);
      ownUsers(spec);
      spec.mounts.push(bind(`${world.path}/volume`, "/mnt", "ridmap"));
      spec.process.terminal = true;
    },
  },
  "a user namespace over a directory, as another user": {
    change(spec, world) {
      for (const name of ["proc", "sys", "dev"])
        mkdirSync(`${world.rootfs}/${name}`, { recursive: true });
      ownUsers(spec);
      spec.annotations = {};
      spec.root.path = world.rootfs;
      spec.process.user = { uid: 1000, gid: 100, umask: 0o077, additionalGids: [5, 20] };
    },
  },
  "a seccomp filter": { run: () => ({ filter: noMkdir() }) },
  "a terminal": { change: (spec) => (spec.process.terminal = true) },
};

async function inside(
  executor: "launcher" | "reference",
  { change, run }: Case,
): Promise<{ inside: Inside; steps: [string, number][] }> {
  using world = new World();
  const spec = world.spec(["sh", "-c", inspection]);
  change?.(spec, world);
  const steps: [string, number][] = [];
  const { ended, output } = await world.run(spec, {
    executor,
    narrate: true,
    ...run?.(world),
    // Which descriptor or key it became is each executor's own affair.
    hooks: { done: (step, result) => void steps.push([formatStep(step), Math.min(result, 1)]) },
  });
  expect([ended, output]).toEqual([{ code: 0, signal: null }, expect.any(String)]);
  const plain = (text: string) => text.replaceAll(world.path, "WORLD").replaceAll("\r", "");
  const sections = readInspection(plain(output), "WORLD");
  return { inside: sections, steps: steps.map(([text, result]) => [plain(text), result]) };
}

describe.skipIf(!isRoot)(
  "both executors give the same container and tell the same about it:",
  () => {
    for (const [name, given] of Object.entries(cases)) {
      test(name, async () => {
        const launcher = await inside("launcher", given);
        const reference = await inside("reference", given);
        expect(Object.keys(launcher.inside)).toHaveLength(15);
        expect(reference.inside).toEqual(launcher.inside);
        expect(reference.steps).toEqual(launcher.steps);
      });
    }
  },
);

test.skipIf(!isRoot)("the comparison notices what differs", async () => {
  const usual = await inside("launcher", {});
  const other = await inside("launcher", { change: sharing("uts") });
  expect(usual.inside["namespaces"]).toContain("uts new");
  expect(other.inside["namespaces"]).toContain("uts shared");
  expect(other.inside["hostname"]).not.toEqual(usual.inside["hostname"]);
});
