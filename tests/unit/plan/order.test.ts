import { isDeepStrictEqual } from "node:util";
import type { RuntimeSpec } from "../../../src/oci/runtime-spec.ts";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Call, Plan, Step } from "../../../src/plan/step.ts";
import { buildJoinPlan } from "../../../src/plan/build.ts";
import { planFor, specFor } from "./fixtures.ts";
import { seccompFilter, wishes } from "./wishes.ts";

/** Properties of every plan, whatever was asked for: the order is where the safety is. */
const always = (name: string, check: (plan: Plan) => void): void =>
  test(name, () =>
    fc.assert(
      fc.property(wishes, (wish) => check(planFor(wish))),
      { numRuns: 200 },
    ),
  );

const indexOf = ({ init }: Plan, is: (step: Step) => boolean): number => init.findIndex(is);
const lastIndexOf = ({ init }: Plan, is: (step: Step) => boolean): number => init.findLastIndex(is);
const isCall =
  <C extends Call["call"]>(call: C) =>
  (step: Step): step is Step & { call: C } =>
    step.call === call;
const isPrctl = (option: string) => (step: Step) => step.call === "prctl" && step.option === option;
/** What has a place below the new root, and no place yet; others are the root itself, its layers, and devices. */
const isPlaced = (step: Step) => step.call === "move_mount" && !!step.to_pathname?.startsWith("/");
function heldBy(steps: readonly Step[]): (Step & { call: "open_tree" })[] {
  const moved = steps.filter(isCall("move_mount")).flatMap((s) => JSON.stringify(s.from_dirfd));
  return steps
    .filter(isCall("open_tree"))
    .filter(
      ({ store }) =>
        store?.startsWith("/") &&
        !(steps[0]?.call !== "meet" && moved.includes(JSON.stringify({ stored: store }))),
    );
}
const pivot = (plan: Plan): number => indexOf(plan, isCall("pivot_root"));
const kernels = ["proc", "sysfs", "devpts", "mqueue"];

describe("the plan's order", () => {
  always("PID 1 first waits for the engine and last becomes the command", ({ init }) => {
    expect(init[0]).toMatchObject({ call: "meet", at: "go" });
    expect(init.at(-1)!.call).toBe("execve");
    expect(init.at(-1)!.ignore).toBeUndefined();
  });

  always("mounts stop telling the host's before the first one is made", ({ init }) => {
    const first = init.find(isCall("mount"));
    expect(first).toMatchObject({ target: "/", mountflags: ["MS_REC", "MS_PRIVATE"] });
  });

  always(
    "the kernel's file systems are there before pivot_root, what was held is placed after",
    (plan) => {
      const isKernelMount = (step: Step): boolean =>
        step.call === "mount" && kernels.includes(step.filesystemtype ?? "");
      expect(lastIndexOf(plan, isKernelMount)).toBeLessThan(pivot(plan));
      expect(lastIndexOf(plan, isCall("open_tree"))).toBeLessThan(pivot(plan));
      expect(indexOf(plan, isPlaced)).toBeGreaterThan(pivot(plan));
    },
  );

  always("the old root is taken off at once, and left", ({ init }) => {
    const at = init.findIndex(isCall("pivot_root"));
    expect(init.slice(at + 1, at + 3)).toMatchObject([
      { call: "umount2", target: ".", flags: ["MNT_DETACH"] },
      { call: "chdir", path: "/" },
    ]);
  });

  always("nothing of the host is mounted after pivot_root", (plan) => {
    for (const step of plan.init.slice(pivot(plan)))
      if (step.call === "mount" && step.source?.startsWith("/"))
        expect(step.source).toBe(step.target!);
  });

  always("masked files are covered by a null device that no volume can replace", ({ init }) => {
    const covers = init.findIndex((s) => s.call === "mount" && s.source === "null");
    const stand = init.findLastIndex((s, i) => i < covers && s.call === "chdir");
    const place = init.findIndex(isPlaced);
    expect(init[stand]).toMatchObject({ path: "/dev" });
    if (place >= 0) expect(stand).toBeLessThan(place);
  });

  always("every bind mount's target is looked up after pivot_root, from the new root", (plan) => {
    const held = [...heldBy(plan.monitor), ...heldBy(plan.init)].map((step) => step.store);
    const placed = plan.init
      .slice(pivot(plan))
      .flatMap((step) => (step.call === "move_mount" ? step.to_pathname : []));
    expect(placed).toEqual(held as string[]);
    for (const path of placed) expect(path).toStartWith("/");
  });

  always("what is read-only is so before it is placed", ({ monitor, init }) => {
    for (const steps of [monitor, init])
      steps.forEach((step, i) => {
        if (step.call !== "open_tree" || !heldBy(steps).includes(step)) return;
        const setattr = { call: "mount_setattr", dirfd: { stored: step.store } };
        expect(steps[i + 1]).toMatchObject(setattr);
      });
  });

  always(
    "every way out is closed before the working directory is entered (CVE-2024-21626)",
    (plan) => {
      const close = indexOf(plan, isCall("close_range"));
      expect(plan.init[close]).toMatchObject({ first: 10, last: 0xffffffff });
      expect(plan.init[close + 1]!.call).toBe("chdir");
      for (const step of plan.init.slice(close)) expect(step).not.toHaveProperty("store");
    },
  );

  always("a read-only root comes after everything that is written below it", (plan) => {
    const remount = indexOf(
      plan,
      (step) =>
        step.call === "mount" && step.target === "/" && step.mountflags.includes("MS_RDONLY"),
    );
    if (remount < 0) return;
    const write = (step: Step): boolean => ["mkdirat", "mknodat", "symlinkat"].includes(step.call);
    expect(lastIndexOf(plan, write)).toBeLessThan(remount);
  });

  always(
    "groups, then the group, then the user, then the parent's death signal, which that cleared",
    (plan) => {
      const order = [
        indexOf(plan, isPrctl("PR_CAPBSET_DROP")),
        indexOf(plan, isCall("setgroups")),
        lastIndexOf(plan, isCall("setresgid")),
        lastIndexOf(plan, isCall("setresuid")),
        indexOf(plan, isPrctl("PR_SET_PDEATHSIG")),
      ];
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    },
  );

  always("a stored descriptor is used only after it was stored", ({ monitor, init }) => {
    const stored = new Set<string>();
    for (const step of [...monitor, ...init]) {
      for (const value of Object.values(step))
        if (typeof value === "object" && value !== null && "stored" in value)
          expect(stored).toContain((value as { stored: string }).stored);
      if (step.store) stored.add(step.store);
    }
  });

  always("every step says why, in one line", ({ before, monitor, birth, init }) => {
    for (const { why } of [...before, ...monitor, ...birth, ...init]) {
      expect(why).not.toBe("");
      expect(why.length).toBeLessThanOrEqual(160);
      expect(why).not.toInclude("\n");
    }
  });
});

describe("with a user namespace", () => {
  const userns = { start: 100_000, size: 65_536 };
  const owned = (name: string, check: (plan: Plan) => void): void =>
    test(name, () => fc.assert(fc.property(wishes, (wish) => check(planFor({ ...wish, userns })))));

  owned(
    "the monitor never enters it: it could not come back, and be traced by who is in it",
    (plan) => {
      for (const step of plan.monitor) {
        if (step.call === "unshare") expect(step.flags).toEqual(["CLONE_NEWNS"]);
        expect(step.call).not.toBe("setns");
      }
      expect(plan.namespaces).toContain("CLONE_NEWUSER");
    },
  );

  owned(
    "PID 1 has its mapping before anything else is done for it, and is root before it does anything",
    (plan) => {
      expect(plan.birth.slice(0, 2)).toMatchObject([
        { path: "/proc/$PID/uid_map", text: "0 100000 65536" },
        { path: "/proc/$PID/gid_map", text: "0 100000 65536" },
      ]);
      const go = indexOf(plan, (step) => step.call === "meet");
      expect(plan.init.slice(go + 1, go + 3)).toMatchObject([
        { call: "setresgid", rgid: 0 },
        { call: "setresuid", ruid: 0 },
      ]);
    },
  );

  owned(
    "PID 1 opens nothing of the host and makes no device: the monitor holds what it needs",
    (plan) => {
      expect(plan.init.some(isCall("open_tree"))).toBe(false);
      expect(plan.init.some(isCall("mknodat"))).toBe(false);
    },
  );

  owned(
    "the overlay is mounted with the host root's capabilities as the container's root",
    ({ monitor }) => {
      const mount = monitor.findIndex((s) => s.call === "mount" && s.filesystemtype === "overlay");
      if (mount < 0) return;
      const before = monitor.slice(0, mount).findLast(isCall("setfsuid"));
      expect(before).toMatchObject({ fsuid: 100_000 });
      expect(monitor.slice(mount).findLast(isCall("setfsuid"))).toMatchObject({ fsuid: 0 });
      expect(monitor.findLast(isCall("prctl"))).toMatchObject({
        option: "PR_SET_SECUREBITS",
        arg2: 0,
      });
    },
  );

  test("a volume shows its files with the container's owners", () => {
    const mount = {
      type: "bind",
      source: "/srv",
      target: "/data",
      readOnly: false,
      recursive: false,
    } as const;
    const { monitor, init } = planFor({ userns, mounts: [mount] });
    expect(monitor).toContainEqual(
      expect.objectContaining({
        call: "mount_setattr",
        dirfd: { stored: "/data" },
        attr: expect.objectContaining({
          set: ["MOUNT_ATTR_IDMAP"],
          userns_fd: { stored: "user namespace" },
        }),
      }),
    );
    expect(init).toContainEqual(
      expect.objectContaining({ call: "move_mount", to_pathname: "/data" }),
    );
  });
});

describe("with a profile of AppArmor's", () => {
  const profile = (spec: RuntimeSpec) => void (spec.process.apparmorProfile = "some-profile");

  test("it is asked for in the host's /proc, which is let go of before there is another", () => {
    fc.assert(
      fc.property(wishes, (wish) => {
        const { monitor, init } = planFor({ ...wish, change: profile });
        const held = { stored: "the host's /proc" };
        expect(monitor).toContainEqual(
          expect.objectContaining({ call: "openat", pathname: "/proc", store: held.stored }),
        );
        const at = init.findIndex(
          (s) => s.call === "openat" && !isDeepStrictEqual(s.dirfd, "AT_FDCWD"),
        );
        expect(init.slice(at, at + 4)).toMatchObject([
          { call: "openat", dirfd: held, pathname: "thread-self/attr/apparmor/exec" },
          { call: "write", buf: "exec some-profile" },
          { call: "close" },
          { call: "close", fd: held },
        ]);
        expect(init.findIndex(({ call }) => call === "mount")).toBeGreaterThan(at);
        const user = init.findIndex(({ call }) => call === "setresuid");
        expect(user).toBeGreaterThan(at);
      }),
    );
  });
});

describe("seccomp", () => {
  const at = (noNewPrivileges: boolean) => {
    const plan = planFor({ filter: seccompFilter, noNewPrivileges });
    return {
      filter: indexOf(plan, isCall("seccomp")),
      drop: indexOf(plan, isPrctl("PR_CAPBSET_DROP")),
      capset: indexOf(plan, isCall("capset")),
      noNewPrivileges: indexOf(plan, isPrctl("PR_SET_NO_NEW_PRIVS")),
    };
  };

  test("with no_new_privs the filter is the last door, so that it may forbid all that came before", () => {
    const steps = at(true);
    expect(steps.filter).toBe(steps.noNewPrivileges + 1);
    expect(steps.filter).toBeGreaterThan(steps.capset);
  });

  test("without, it needs CAP_SYS_ADMIN, and so comes before the capabilities go", () => {
    const steps = at(false);
    expect(steps.noNewPrivileges).toBe(-1);
    expect(steps.filter).toBeLessThan(steps.drop);
  });
});

test("the same wish gives the same plan", () => {
  fc.assert(fc.property(wishes, (wish) => expect(planFor(wish)).toEqual(planFor(wish))));
});

test("who joins is brought into the group from outside of the cgroup namespace, and enters that last", () => {
  const facts = { pid: 7, filter: undefined, dieWithParent: true, before: [], birth: [] };
  const { monitor, init } = buildJoinPlan(specFor(), facts);
  for (const step of monitor)
    if (step.call === "setns") expect(step.nstype).not.toContain("CLONE_NEWCGROUP");
  const hold = monitor.findIndex((s) => s.call === "openat" && s.pathname === "/proc/7/ns/cgroup");
  expect(hold).toBeGreaterThan(monitor.findIndex(isCall("pidfd_open")));
  expect(hold).toBeLessThan(monitor.findIndex(isCall("setns")));
  const enter = init.findIndex(isCall("setns"));
  expect(init[enter]).toMatchObject({ nstype: ["CLONE_NEWCGROUP"] });
  expect(enter).toBeGreaterThan(init.findIndex((step) => step.call === "meet"));
  expect(enter).toBeLessThan(init.findIndex(isCall("close_range")));
});
