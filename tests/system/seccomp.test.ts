import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { errnos } from "../../src/abi/errno.ts";
import { seccompReturns } from "../../src/abi/seccomp.ts";
import { archOf, syscallNumber, syscalls, type SyscallName } from "../../src/abi/syscall.ts";
import type { Seccomp } from "../../src/oci/runtime-spec.ts";
import { defaultCapabilities } from "../../src/security/capabilities.ts";
import { compileSeccomp } from "../../src/security/seccomp-compile.ts";
import { defaultFilter } from "../../src/security/seccomp-default.ts";
import { defaultSeccomp, type SeccompContext } from "../../src/security/seccomp-profile.ts";
import { simulate } from "../unit/security/simulate.ts";

/*
 * The default filter in a real kernel, without the engine: seccomp-probe.c loads it and tries.
 */

const compiler = Bun.which("gcc") ?? Bun.which("cc");
const root = process.getuid?.() === 0;
const why = compiler ? "" : " (skipped: no C compiler)";

const arch = archOf(process.arch);
const [major = 0, minor = 0] = release().split(/[.-]/).map(Number);
const context: SeccompContext = {
  capabilities: defaultCapabilities,
  arch,
  kernel: [major, minor],
};

describe.skipIf(!compiler)(`the default seccomp filter in the kernel${why}`, () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "kontener-seccomp-"));
    const source = new URL("seccomp-probe.c", import.meta.url).pathname;
    const built = Bun.spawnSync([compiler!, "-O1", "-w", "-o", join(directory, "probe"), source]);
    expect(built.stderr.toString()).toBe("");
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs the probe; what became of each call or attack: an errno, or "signal N". */
  function probe(mode: string, filter: Uint8Array | undefined, numbers: number[] = []) {
    const file = join(directory, "filter");
    if (filter) writeFileSync(file, filter);
    const argv = [join(directory, "probe"), mode, filter ? file : "-", ...numbers.map(String)];
    const { stdout, stderr, success } = Bun.spawnSync(argv, { timeout: 20_000 });
    expect({ success, stderr: stderr.toString() }).toEqual({ success: true, stderr: "" });
    const lines = stdout.toString().trim().split("\n");
    return new Map(lines.map((line) => line.split(/ (.*)/) as [string, string]));
  }

  /** What does not come back, blocks or takes long; and u(ret)probe, which the kernel lets past every filter (6.14). */
  const untried = new Set<string>(
    "exit exit_group fork vfork pause rt_sigreturn sync uprobe uretprobe".split(" "),
  );

  test(`the kernel's verdict on every call is the simulator's (not tried: ${[...untried].join(" ")})`, () => {
    // The kernel itself says EPERM and ENOSYS too: refusals get error numbers that no kernel knows.
    const [REFUSED, CLONE3] = [4001, 4002];
    const profile = defaultSeccomp(context);
    const marked: Seccomp = {
      ...profile,
      defaultErrnoRet: REFUSED,
      syscalls: profile.syscalls!.map((rule) =>
        rule.errnoRet ? { ...rule, errnoRet: CLONE3 } : rule,
      ),
    };
    const filter = compileSeccomp(marked, arch);
    const names = (Object.keys(syscalls) as SyscallName[]).filter(
      (name) => syscallNumber(name, arch) >= 0 && !untried.has(name),
    );
    const byNumber = new Map(names.map((name) => [syscallNumber(name, arch), name]));
    const highest = Math.max(...byNumber.keys());
    const numbers = Array.from({ length: 600 }, (_, nr) => nr).filter(
      (nr) => byNumber.has(nr) || nr > highest,
    );
    expect(byNumber.size).toBeGreaterThan(arch === "x86_64" ? 360 : 300);

    const results = probe("calls", filter, numbers);
    const wrong = numbers.filter((nr) => {
      const verdict = simulate(filter, { nr, arch, args: [-1, -1, -1, -1, -1, -1] });
      const got = Number(results.get(String(nr)));
      return verdict === seccompReturns.ALLOW
        ? got === REFUSED || got === CLONE3
        : (seccompReturns.ERRNO | got) !== verdict;
    });
    expect(wrong.map((nr) => `${byNumber.get(nr) ?? nr}: ${results.get(String(nr))}`)).toEqual([]);
    expect([...results.values()].filter((got) => got === String(REFUSED)).length).toBeGreaterThan(
      60,
    );
  });

  // What some kernels lack also without a filter, so that there is nothing to refuse.
  const lacking = [errnos.ENOSYS, errnos.EAFNOSUPPORT, errnos.EOPNOTSUPP].map(String);

  test.skipIf(!root)("attacks that work without the filter fail with it (as root)", () => {
    const without = probe("attacks", undefined);
    const within = probe("attacks", defaultFilter(context));
    const working = [...without].filter(([, result]) => !lacking.includes(result));
    for (const [attack, result] of working) expect(`${attack} ${result}`).toBe(`${attack} 0`);
    expect(working.length).toBeGreaterThan(15);
    const answers: Record<string, string> = {
      clone3_user: String(errnos.ENOSYS), // so that the C library falls back to clone
      x32_unshare: String(errnos.ENOSYS),
      i386_entry: "signal 31", // SIGSYS
    };
    for (const [attack, result] of within)
      expect(`${attack} ${result}`).toBe(`${attack} ${answers[attack] ?? errnos.EPERM}`);
  });
});
