import { afterAll, beforeAll } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { describeAsRoot } from "../support.ts";
import { attackedEngine, testAttacks, victim } from "./attack.ts";

/** The host's processes, names and memory, each in a namespace of its own kind. */
describeAsRoot("root in a container", () => {
  const engine = attackedEngine(63);
  const { pid } = victim();
  const secret = `${engine.directory}/secret`;
  let segment = "";
  beforeAll(() => {
    writeFileSync(secret, "");
    // ipcmk(1) says "Shared memory id: 7"; the container is told its key.
    segment = Bun.spawnSync(["ipcmk", "-M", "4096"]).stdout.toString().trim().split(" ").at(-1)!;
    const rows = readFileSync("/proc/sysvipc/shm", "utf8").split("\n");
    const row = rows.map((row) => row.trim().split(/\s+/)).find(([, id]) => id === segment);
    writeFileSync(`${engine.directory}/key`, row![0]!);
  });
  afterAll(() => void Bun.spawnSync(["ipcrm", "-m", segment]));
  const hostPids = ["--pid", "host"];
  const everything = [...hostPids, "--privileged"];
  testAttacks(engine, () => [
    {
      to: "send a signal to the host's processes",
      script: `/probe see_process ${pid}`,
      off: hostPids,
    },
    { to: "list the host's processes", script: "ps | grep -q '[s]leep 300'", off: hostPids },
    {
      to: "read the environment of the host's processes",
      script: `grep -q of-the-host /proc/${pid}/environ`,
      off: everything,
    },
    {
      to: "read the memory of the host's processes",
      script: `/probe read_memory ${pid}`,
      off: everything,
    },
    { to: "trace the host's processes", script: `/probe trace_process ${pid}`, off: everything },
    {
      to: "read the host's files by the root of another process",
      script: `cat /proc/*/root${secret}`,
      off: everything,
    },
    {
      to: "read the host's files by the working directory of another process",
      script: `for p in /proc/[0-9]*; do [ "$(readlink $p/cwd)" != / ] && ls $p/cwd/tasks/test-vm.ts && exit; done; exit 1`,
      off: everything,
    },
    {
      to: "find the engine's program (CVE-2019-5736)",
      script: `for p in /proc/[0-9]*; do case $(readlink $p/exe) in */bun*) head -c 4 $p/exe | grep -q ELF && exit;; esac; done; exit 1`,
      off: everything,
    },
    {
      to: "join the host's mounts",
      script: `nsenter -t ${pid} -m cat ${secret}`,
      off: everything,
    },
    {
      to: "see the host's name",
      script: `[ "$(hostname)" = '${hostname()}' ]`,
      off: ["--uts", "host"],
    },
    {
      to: "see the host's shared memory",
      script: 'grep -q "^ *$(cat /key) " /proc/sysvipc/shm',
      with: ["-v", `${engine.directory}/key:/key:ro`],
      off: ["--ipc", "host"],
    },
    {
      to: "make a user namespace",
      script: "/probe user_namespace",
      off: ["--security-opt", "seccomp=unconfined"],
    },
    {
      to: "see the place of its control group on the host",
      script: "grep -q kontener /proc/self/cgroup",
      off: ["--cgroupns", "host"],
    },
    {
      to: "write a volume that is read-only",
      script: ": > /volume/written",
      on: ["-v", `${engine.directory}:/volume:ro`],
      off: ["-v", `${engine.directory}:/volume`],
    },
    {
      to: "make a read-only volume writable",
      script: "mount -o remount,bind,rw /volume && : > /volume/written",
      with: ["-v", `${engine.directory}:/volume:ro`],
      off: ["--cap-add", "SYS_ADMIN"],
    },
    {
      to: "find another file of the host's by its number (shocker)",
      script: `/probe open_by_handle /etc/hosts ${secret}`,
      off: ["--cap-add", "DAC_READ_SEARCH"],
    },
  ]);
});
