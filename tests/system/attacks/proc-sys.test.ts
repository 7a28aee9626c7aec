import { describeAsRoot, missingFile } from "../support.ts";
import { attackedEngine, testAttacks } from "./attack.ts";

/** One kernel for all: its settings and secrets in /proc and /sys. Each attack writes what is there already. */
describeAsRoot("root in a container", () => {
  const engine = attackedEngine(62);
  const off = ["--security-opt", "systempaths=unconfined"];
  const write = (to: string, path: string) => ({
    to,
    script: `value=$(cat ${path}) && echo "$value" > ${path}`,
    off,
    lack: missingFile(path),
  });
  const read = (to: string, path: string) => ({
    to,
    script: `[ -n "$(head -c 1 ${path} | tr '\\0' .)" ]`,
    off,
    lack: missingFile(path),
  });
  const admin = ["--cap-add", "SYS_ADMIN"];
  testAttacks(engine, () => [
    write("choose the program that the host runs on a crash", "/proc/sys/kernel/core_pattern"),
    write("choose the program that the host loads modules with", "/proc/sys/kernel/modprobe"),
    write("switch off the host's address randomization", "/proc/sys/kernel/randomize_va_space"),
    write("let the host run out of memory", "/proc/sys/vm/overcommit_memory"),
    write("make the host panic", "/proc/sys/kernel/panic_on_oops"),
    write("open the host's protected links", "/proc/sys/fs/protected_symlinks"),
    write("move the host's interrupts", "/proc/irq/default_smp_affinity"),
    {
      to: "press the magic key (sysrq)",
      script: "echo h > /proc/sysrq-trigger", // "help", in the kernel's log
      off,
      lack: missingFile("/proc/sysrq-trigger"),
    },
    { ...read("read the kernel's memory", "/proc/kcore"), off: ["--privileged"] },
    read("list the keys of other users", "/proc/keys"),
    read("time the host's keystrokes by its interrupts", "/proc/interrupts"),
    read("read kernel addresses from its timers", "/proc/timer_list"),
    {
      to: "take the cover off a masked file",
      script:
        'umount /proc/interrupts && [ -s /proc/interrupts -o -n "$(head -c 1 /proc/interrupts)" ]',
      off: admin,
    },
    {
      to: "make /proc/sys writable again",
      script:
        'mount -o remount,bind,rw /proc/sys && f=/proc/sys/kernel/core_pattern && v=$(cat $f) && echo "$v" > $f',
      off: admin,
    },
    {
      to: "make /sys writable",
      script:
        'mount -o remount,rw /sys && f=/sys/kernel/rcu_expedited && v=$(cat $f) && echo "$v" > $f',
      off: admin,
      lack: missingFile("/sys/kernel/rcu_expedited"),
    },
    {
      to: "mount a second /proc without covers",
      script: 'mkdir /p && mount -t proc proc /p && [ -n "$(head -c 1 /p/interrupts)" ]',
      off: admin,
    },
    {
      to: "mount the kernel's debugging file system",
      script: "mkdir /d && mount -t debugfs debugfs /d",
      off: admin,
      lack: missingFile("/sys/kernel/debug"),
    },
    {
      to: "mount the control groups (CVE-2022-0492, release_agent)",
      script: "mkdir /cg && mount -t cgroup2 cgroup2 /cg && [ -w /cg/cgroup.procs ]",
      off: admin,
    },
    {
      to: "mount the control groups by a user namespace (CVE-2022-0492)",
      script: "/probe cgroups_by_user_namespace",
      off: ["--security-opt", "seccomp=unconfined"],
    },
  ]);
});
