import { writeFileSync } from "node:fs";
import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import type { Step } from "../../../src/plan/step.ts";
import { describeAsRoot, missingFile } from "../support.ts";
import { attackedEngine, testAttacks } from "./attack.ts";
import { WeakWorld } from "./weak-world.ts";

/** What the other layers hold back, with one of them switched off on both sides: it is the user namespace that holds. */
describeAsRoot("root in a user namespace, even without another protection,", () => {
  const engine = attackedEngine(82);
  const secret = `${engine.directory}/secret`;
  beforeAll(() => writeFileSync(secret, "", { mode: 0o600 }));
  const on = ["--userns", "auto"];
  const off = ["--userns", "host"];
  const open = ["--security-opt", "systempaths=unconfined"];
  const unfiltered = ["--security-opt", "seccomp=unconfined"];
  const capability = (name: string) => ["--cap-add", name];
  const rewrite = (path: string) => `v=$(cat ${path}) && echo "$v" > ${path}`;
  testAttacks(engine, () => [
    {
      to: "choose the program that the host runs on a crash",
      script: rewrite("/proc/sys/kernel/core_pattern"),
      with: open,
      on,
      off,
    },
    {
      to: "press the magic key (sysrq)",
      script: "echo h > /proc/sysrq-trigger",
      with: open,
      on,
      off,
      lack: missingFile("/proc/sysrq-trigger"),
    },
    {
      to: "read the kernel's log",
      script: "dmesg | head -c 1 | grep -q .",
      with: [...capability("SYSLOG"), ...unfiltered],
      on,
      off,
    },
    {
      to: "find a file of the host's by its number (shocker)",
      script: `/probe open_by_handle /etc/hosts ${secret}`,
      with: capability("DAC_READ_SEARCH"),
      on,
      off,
    },
    {
      to: "mount the kernel's debugging file system",
      script: "mkdir /d && mount -t debugfs debugfs /d",
      with: capability("SYS_ADMIN"),
      on,
      off,
      lack: missingFile("/sys/kernel/debug"),
    },
    {
      to: "write the kernel's settings in a /sys that it has made writable",
      script: `mount -o remount,rw /sys && ${rewrite("/sys/kernel/rcu_expedited")}`,
      with: capability("SYS_ADMIN"),
      on,
      off,
      lack: missingFile("/sys/kernel/rcu_expedited"),
    },
    { to: "make a node of a device of the host's", script: "mknod /node b 8 0", on, off },
    {
      to: "run before the host's own processes",
      script: "nice -n -15 true 2>&1 | grep -q . && exit 1; nice -n -15 sh -c '[ $(nice) -lt 0 ]'",
      with: capability("SYS_NICE"),
      on,
      off,
    },
    {
      to: "change the host's network, which it shares",
      script: "ip link set lo mtu $(cat /sys/class/net/lo/mtu)",
      with: [...capability("NET_ADMIN"), "--network", "host"],
      on,
      off,
    },
    {
      to: "load a module into the kernel",
      script: "/probe load_module",
      with: [...capability("SYS_MODULE"), ...unfiltered],
      on,
      off,
      lack: missingFile("/proc/modules"),
    },
    {
      to: "take the host's console or disks although every device is allowed",
      script: "mknod /node c 1 1 && head -c 1 /node > /out; [ -s /out ] || mknod /node2 c 1 11",
      with: ["--privileged"],
      on,
      off,
    },
  ]);
});

/** The layer below all others: a descriptor of the host's that leaks is a descriptor that nobody may use. */
describeAsRoot("a leaked descriptor of a directory that is root's alone", () => {
  const number = 40;
  const why = "the leak";
  const leak = (pathname: string): Step[] => [
    {
      call: "openat",
      dirfd: "AT_FDCWD",
      pathname,
      flags: ["O_PATH", "O_DIRECTORY"],
      mode: 0,
      why,
      store: why,
    },
    { call: "dup3", oldfd: { stored: why }, newfd: number, flags: [], why },
  ];

  test("leads root in a user namespace nowhere (CVE-2024-21626)", async () => {
    for (const owned of [false, true]) {
      using world = new WeakWorld();
      writeFileSync(join(world.path, "secret"), "", { mode: 0o600 }); // world.path is root's alone
      world.weakenMonitor = (monitor) => [...monitor, ...leak(world.path)];
      world.weaken = (init) => init.filter(({ call }) => call !== "close_range");
      const spec = world.spec(["sh", "-c", `cat /proc/self/fd/${number}/secret`]);
      for (const set of ["bounding", "effective", "permitted"] as const)
        spec.process.capabilities![set].push("CAP_DAC_OVERRIDE");
      if (owned) {
        spec.linux.namespaces.unshift({ type: "user" });
        const mapping = { containerID: 0, hostID: 200_000, size: 65_536 };
        spec.linux.uidMappings = spec.linux.gidMappings = [mapping];
      }
      expect(await world.succeeds(spec)).toBe(!owned);
    }
  });
});
