import { describeAsRoot, missingFile } from "../support.ts";
import { attackedEngine, testAttacks } from "./attack.ts";

/** Root inside is not root outside: what docker's fourteen capabilities leave out (capabilities(7)). */
describeAsRoot("root in a container", () => {
  const engine = attackedEngine(60);
  const add = (name: string): string[] => ["--cap-add", name];
  const newPrivileges = ["--security-opt", "no-new-privileges=false"];
  testAttacks(engine, () => [
    {
      to: "mount a file system",
      script: "mkdir /m && mount -t tmpfs tmpfs /m",
      off: add("SYS_ADMIN"),
    },
    { to: "rename its host", script: 'hostname "$(hostname)"', off: add("SYS_ADMIN") },
    { to: "switch off the host's swap", script: "/probe swap_off", off: ["--privileged"] },
    { to: "set the clock", script: "/probe set_clock", off: add("SYS_TIME") },
    {
      to: "load a kernel module",
      script: "/probe load_module",
      off: add("SYS_MODULE"),
      lack: missingFile("/proc/modules"),
    },
    { to: "read the kernel's log", script: "dmesg > /dev/null", off: add("SYSLOG") },
    { to: "restart the machine", script: "/probe reboot", off: add("SYS_BOOT") },
    { to: "switch off accounting", script: "/probe stop_accounting", off: add("SYS_PACCT") },
    { to: "go before the host's processes", script: "/probe raise_priority", off: add("SYS_NICE") },
    { to: "configure a network", script: "ip link set lo mtu 1500", off: add("NET_ADMIN") },
    {
      to: "become root by a program that is setuid root",
      script: "cp /probe /setuid; chmod 4755 /setuid; /probe as_user /setuid is_root",
      off: newPrivileges,
    },
    {
      to: "gain a capability that a file has",
      script: `cp /probe /capable; chmod 755 /capable; /probe give_capability /capable
        /probe as_user /capable has_raw_sockets`,
      off: newPrivileges,
    },
  ]);
});
