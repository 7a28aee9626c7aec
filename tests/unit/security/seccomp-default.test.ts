import { expect, test } from "bun:test";
import { capabilities } from "../../../src/abi/capability.ts";
import { syscalls } from "../../../src/abi/syscall.ts";
import { capabilitySets, defaultCapabilities } from "../../../src/security/capabilities.ts";
import { seccompCacheKey } from "../../../src/security/seccomp-cache-key.ts";
import { compileSeccomp } from "../../../src/security/seccomp-compile.ts";
import { defaultFilter, precompiledKey } from "../../../src/security/seccomp-default.ts";
import { precompiled } from "../../../src/security/seccomp-precompiled.ts";
import { defaultSeccomp } from "../../../src/security/seccomp-profile.ts";
import { precompiledText } from "./write-precompiled.ts";

const context = { capabilities: defaultCapabilities, arch: "x86_64", kernel: [6, 1] } as const;
const allowedNames = (profile = defaultSeccomp(context)): Set<string> =>
  new Set(
    profile
      .syscalls!.filter((r) => r.action === "SCMP_ACT_ALLOW" && !r.args)
      .flatMap((r) => r.names),
  );

test("every name in the default profile is a system call, and is there once", () => {
  const all = defaultSeccomp({ ...context, capabilities });
  for (const { names } of all.syscalls!)
    for (const name of names) expect(Object.keys(syscalls)).toContain(name);
  const { names } = defaultSeccomp(context).syscalls![0]!;
  expect(names.length).toBe(new Set(names).size);
});

test("what gives power over the host is not allowed by default", () => {
  const refused = [
    ..."mount umount2 pivot_root move_mount fsopen open_tree open_tree_attr setns unshare".split(
      " ",
    ),
    ..."bpf perf_event_open kexec_load init_module reboot swapon acct quotactl syslog".split(" "),
    ..."keyctl add_key request_key userfaultfd io_uring_setup open_by_handle_at pidfd_getfd".split(
      " ",
    ),
    ..."settimeofday clock_settime iopl ioperm kcmp process_madvise".split(" "),
  ];
  for (const name of refused) expect(Object.keys(syscalls)).toContain(name);
  const allowed = allowedNames();
  expect(refused.filter((name) => allowed.has(name))).toEqual([]);
});

test("a capability brings its calls along", () => {
  const withAdmin = defaultSeccomp({ ...context, capabilities: ["CAP_SYS_ADMIN"] });
  for (const name of ["mount", "setns", "unshare", "clone", "clone3"])
    expect(allowedNames(withAdmin)).toContain(name);
  expect(withAdmin.syscalls!.filter(({ names }) => names.includes("clone"))).toHaveLength(1);
  expect(allowedNames().has("chroot")).toBe(true);
  expect(allowedNames(defaultSeccomp({ ...context, capabilities: [] })).has("chroot")).toBe(false);
});

test("ptrace is allowed from Linux 4.8 on, where the filter sees what a tracer changed", () => {
  for (const [kernel, expected] of [
    [[4, 7], false],
    [[4, 8], true],
    [[3, 19], false],
    [[6, 0], true],
  ] as const)
    expect(allowedNames(defaultSeccomp({ ...context, kernel })).has("ptrace")).toBe(expected);
});

test("the ready-made filters are what the compiler makes (bun tests/unit/security/write-precompiled.ts)", async () => {
  const file = new URL("../../../src/security/seccomp-precompiled.ts", import.meta.url);
  expect(await Bun.file(file).text()).toBe(precompiledText());
});

test("the default filter is the compiled default profile, ready-made or not", () => {
  const sets = [
    capabilitySets({ add: [], drop: [], privileged: false, uid: 0 }),
    capabilitySets({ add: ["NET_ADMIN"], drop: ["ALL"], privileged: false, uid: 0 }),
    capabilitySets({ add: ["SYS_ADMIN"], drop: [], privileged: false, uid: 0 }),
    capabilitySets({ add: ["ALL"], drop: [], privileged: false, uid: 0 }),
  ];
  const ready = sets.map(({ bounding }) =>
    Object.hasOwn(precompiled, precompiledKey({ ...context, capabilities: bounding })),
  );
  expect(ready).toEqual([true, true, false, false]);
  for (const { bounding } of sets)
    for (const arch of ["x86_64", "aarch64"] as const)
      for (const kernel of [
        [4, 4],
        [6, 18],
      ] as const) {
        const one = { arch, kernel, capabilities: bounding };
        expect(defaultFilter(one)).toEqual(compileSeccomp(defaultSeccomp(one), arch));
      }
});

test("profiles that compile to different programs have different cache keys", () => {
  const profile = defaultSeccomp(context);
  const key = seccompCacheKey(profile, "x86_64");
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(seccompCacheKey(defaultSeccomp(context), "x86_64")).toBe(key);
  expect(seccompCacheKey(profile, "aarch64")).not.toBe(key);
  expect(seccompCacheKey({ ...profile, defaultErrnoRet: 38 }, "x86_64")).not.toBe(key);
});
