import { beforeAll, expect, test } from "bun:test";
import { defaultCapabilities, capabilityMask } from "../../src/security/capabilities.ts";
import { describeAsRoot, Engine } from "./support.ts";

/** The protections as a program inside finds them; the attacks are in `attacks/`. */
describeAsRoot("a container started with no flags", () => {
  const engine = new Engine(41);
  const run = (...args: string[]) => engine.run(["run", "--network", "none", ...args]);
  beforeAll(async () => {
    await engine.run(["prepare", "busybox"]);
  });

  test("has docker's capabilities as a ceiling, no_new_privs and one filter", async () => {
    const status = async (...flags: string[]) => {
      const { stdout } = await run(...flags, "busybox", "cat", "/proc/self/status");
      return new Map(stdout.split("\n").map((line) => line.split(":\t") as [string, string]));
    };
    const hex = (names: readonly string[]) =>
      capabilityMask(names)
        .toReversed()
        .map((half) => half.toString(16).padStart(8, "0"))
        .join("");
    const ceiling = hex(defaultCapabilities);
    const root = await status();
    for (const set of ["CapBnd", "CapPrm", "CapEff"]) expect(root.get(set)).toBe(ceiling);
    for (const set of ["CapInh", "CapAmb"]) expect(root.get(set)).toBe(hex([]));
    expect(root.get("NoNewPrivs")).toBe("1");
    expect(root.get("Seccomp")).toBe("2"); // SECCOMP_MODE_FILTER

    const user = await status("-u", "1000");
    expect(user.get("CapBnd")).toBe(ceiling);
    for (const set of ["CapPrm", "CapEff", "CapInh", "CapAmb"]) expect(user.get(set)).toBe(hex([]));
  });

  test("gives a user other than root only what was asked for by name", async () => {
    const grep = ["busybox", "grep", "-E", "^Cap(Eff|Amb)", "/proc/self/status"];
    const { stdout } = await run("-u", "1000", "--cap-add", "NET_BIND_SERVICE", ...grep);
    expect(stdout).toBe("CapEff:\t0000000000000400\nCapAmb:\t0000000000000400\n");
  });

  test("shows nothing in the masked paths", async () => {
    const script = `for p in /proc/interrupts /proc/keys /proc/timer_list /proc/kcore; do
      [ ! -e $p ] || head -c 1 $p | wc -c
    done; ls -A /sys/firmware /sys/devices/virtual/powercap /proc/acpi /proc/scsi 2>/dev/null | grep -v : `;
    const masked = await run("busybox", "sh", "-c", script);
    expect(new Set(masked.stdout.split("\n").filter((line) => line !== ""))).toEqual(
      new Set(["0"]),
    );
    const open = await run("--privileged", "busybox", "sh", "-c", script);
    expect(open.stdout).toMatch(/^1$/m);
  });
});
