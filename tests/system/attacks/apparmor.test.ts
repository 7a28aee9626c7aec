import { hasAppArmor, parser } from "../../../src/linux/apparmor.ts";
import { describeAsRoot, missingFile } from "../support.ts";
import { attackedEngine, testAttacks } from "./attack.ts";

const lack = !hasAppArmor()
  ? "this kernel has no AppArmor"
  : parser() === undefined
    ? "no apparmor_parser; apt-get install apparmor"
    : undefined;

/** The profile, where another protection is switched off on both sides. */
describeAsRoot("root in a container that AppArmor holds, even without another protection,", () => {
  const engine = attackedEngine(83);
  const off = ["--security-opt", "apparmor=unconfined"];
  const open = ["--security-opt", "systempaths=unconfined"];
  const admin = ["--cap-add", "SYS_ADMIN"];
  const rewrite = (path: string) => `v=$(cat ${path}) && echo "$v" > ${path}`;
  testAttacks(engine, () => [
    {
      to: "choose the program that the host runs on a crash",
      script: rewrite("/proc/sys/kernel/core_pattern"),
      with: open,
      off,
      lack,
    },
    {
      to: "press the magic key (sysrq)",
      script: "echo h > /proc/sysrq-trigger",
      with: open,
      off,
      lack: lack ?? missingFile("/proc/sysrq-trigger"),
    },
    { to: "mount anything", script: "mount -t tmpfs tmpfs /mnt", with: admin, off, lack },
    {
      to: "find itself with another profile",
      script: "grep -q unconfined /proc/self/attr/current",
      off,
      lack,
    },
  ]);
});
