import { expect, test } from "bun:test";
import { errnos } from "../../../src/abi/errno.ts";
import { encode, type Encoded } from "../../../src/launch/encode.ts";
import { FIRST_STORED_FD, type Plan, type Step } from "../../../src/plan/step.ts";
import { MessageReader, type Note } from "../../../src/launch/protocol.ts";
import { MESSAGE_SIZE } from "../../../src/launch/table.ts";
import { FakeLauncher, type FakeCall } from "./fake-kernel.ts";
import { execve, planOf, samples, step } from "./samples.ts";

const arch = "x86_64";

/** Runs a plan's table; `answer` may give a call another result than success. `parent`: the monitor's side of the fork. */
function run(
  encoded: Encoded,
  answer: (call: FakeCall, launcher: FakeLauncher) => number | undefined = () => undefined,
  parent = false,
) {
  const launcher = new FakeLauncher(encoded.bytes, arch);
  const notes: Note[] = [];
  const reader = new MessageReader();
  const calls = launcher.run((call) => {
    const [fd, address, size] = call.args as [number, number, number];
    const message = call.name === "write" && fd === 3 && size === MESSAGE_SIZE;
    if (message) notes.push(...reader.read(launcher.bytes(address, MESSAGE_SIZE)));
    return answer(call, launcher) ?? usual(call, parent);
  });
  return { calls, notes, launcher };
}

const usual = (call: FakeCall, parent: boolean): number => {
  if (call.name === "clone") return parent ? 4711 : 0;
  if (call.nonzero) return 1;
  return 0;
};

/** The calls that belong to the plan's own steps. */
const own = (calls: FakeCall[], { stepOf }: Encoded) =>
  calls.filter((call) => stepOf(call.at) !== undefined);

const { execve: _, ...others } = samples;
const everyCall = Object.values(others).map((sample) => step(sample));

test("each call of a plan is made, under its name and in its order", () => {
  const encoded = encode(planOf(everyCall), { arch });
  const made = Map.groupBy(own(run(encoded).calls, encoded), (call) => encoded.stepOf(call.at)!);
  const names = [...made.values()].map(([first]) => first!.name as string);
  expect(names).toEqual([...Object.keys(others), "execve"]);
});

/** The first call of a step, run as the only one of a plan. */
function only(sample: Step): { call: FakeCall; launcher: FakeLauncher } {
  const encoded = encode(sample.call === "execve" ? planOf([]) : planOf([sample]), { arch });
  const { calls, launcher } = run(encoded);
  return { call: own(calls, encoded)[0]!, launcher };
}

test("numbers, flags by name and AT_FDCWD are passed by value", () => {
  expect(only(step(samples.mkdirat)).call.args[0]).toBe(-100);
  expect(only(step(samples.mkdirat)).call.args[2]).toBe(0o755);
  expect(only(step(samples.mount)).call.args[3]).toBe(2 | 4);
  expect(only(step(samples.unshare)).call.args[0]).toBe(0x20020000);
  expect(only(step(samples.prctl)).call.args.slice(0, 2)).toEqual([24, 21]);
  expect(only(step(samples.setresuid)).call.args[0]).toBe(4294967294);
  expect(only(step(samples.close_range)).call.args.slice(0, 3)).toEqual([10, 0xffffffff, 4]);
});

test("text is passed as UTF-8 that a NUL ends, no text as a null pointer", () => {
  const { call, launcher } = only(step(samples.mount));
  expect(launcher.text(call.args[1]!)).toBe("proc");
  expect(call.args[4]).toBe(0);
  const chdir = only(step(samples.chdir));
  expect(chdir.launcher.text(chdir.call.args[0]!)).toBe("/wörk");
});

test("execve gets its two lists of strings, empty strings too", () => {
  const { call, launcher } = only(execve);
  expect(launcher.text(call.args[0]!)).toBe("/bin/sh");
  expect(launcher.texts(call.args[1]!)).toEqual(["sh", "-c", ""]);
  expect(launcher.texts(call.args[2]!)).toEqual(["A=1", "B="]);
});

test("a seccomp filter is passed as struct sock_fprog: how many instructions, and where", () => {
  const { call, launcher } = only(step(samples.seccomp));
  const fprog = new DataView(launcher.bytes(call.args[2]!, 16).buffer);
  expect(fprog.getUint16(0, true)).toBe(2);
  expect(launcher.bytes(Number(fprog.getBigUint64(8, true)), 16)).toEqual(
    samples.seccomp.args.bytes,
  );
});

test("arm64 has other numbers for O_DIRECTORY and O_NOFOLLOW", () => {
  const flags = (a: "x86_64" | "aarch64") => {
    const encoded = encode(planOf([step(samples.openat)]), { arch: a });
    const launcher = new FakeLauncher(encoded.bytes, a);
    const calls = launcher.run((call) => usual(call, false));
    return own(calls, encoded)[0]!.args[2];
  };
  expect(flags("x86_64")).toBe(0o10000000 | 0o200000 | 0o400000);
  expect(flags("aarch64")).toBe(0o10000000 | 0o40000 | 0o100000);
});

test("a plan makes the same calls on both architectures", () => {
  const plan = planOf(everyCall, [step(samples.unshare)]);
  const calls = (a: "x86_64" | "aarch64") =>
    new FakeLauncher(encode(plan, { arch: a, narrate: true }).bytes, a)
      .run((call) => usual(call, false))
      .map((call) => call.name);
  expect(calls("aarch64")).toEqual(calls("x86_64"));
});

test("a failure is reported with its step and error, and nothing is done after it", () => {
  const encoded = encode(planOf([step(samples.chdir), step(samples.mount), step(samples.umask)]), {
    arch,
  });
  const { calls, notes } = run(encoded, (call) =>
    call.name === "mount" ? -errnos.EPERM : undefined,
  );
  expect(notes).toMatchObject([{ kind: "failed", value: -errnos.EPERM }]);
  expect(encoded.stepOf(notes[0]!.step)).toBe(1);
  expect(calls.slice(-3).map((call) => call.name)).toEqual(["mount", "write", "exit_group"]);
});

test("a failure before the fork is the monitor's, and is reported in the same way", () => {
  const encoded = encode(planOf([], [step(samples.unshare)]), { arch });
  const { notes } = run(encoded, (call) => (call.name === "unshare" ? -errnos.ENOSPC : undefined));
  expect(encoded.stepOf(notes[0]!.step)).toBe(0);
});

test("an ignored error is a result like any other; errors that are not named fail", () => {
  const plan = planOf([step(samples.mkdirat, { ignore: ["EEXIST", "EROFS"] })]);
  for (const name of ["EEXIST", "EROFS"] as const) {
    const answer = (call: FakeCall) => (call.name === "mkdirat" ? -errnos[name] : undefined);
    expect(run(encode(plan, { arch }), answer).calls.at(-1)!.name).toBe("execve");
  }
  const answer = (call: FakeCall) => (call.name === "mkdirat" ? -errnos.ENOSPC : undefined);
  expect(run(encode(plan, { arch }), answer).notes).toMatchObject([{ kind: "failed" }]);
});

test("a stored descriptor is moved to a number of its own, which later steps use", () => {
  const stored: Plan = planOf([
    step(samples.socket, { store: "first" }),
    step(samples.open_tree, { store: "second" }),
    step({ call: "close", fd: { stored: "second" } }),
    step({ call: "close", fd: { stored: "first" } }),
  ]);
  const encoded = encode(stored, { arch });
  const answer = (call: FakeCall) =>
    call.name === "socket" ? 5 : call.name === "open_tree" ? 6 : undefined;
  const made = own(run(encoded, answer).calls, encoded);
  const moves = made.filter((call) => call.name === "dup3").map((call) => call.args.slice(0, 2));
  expect(moves).toEqual([
    [5, FIRST_STORED_FD],
    [6, FIRST_STORED_FD + 1],
  ]);
  const closed = made.filter((call) => call.name === "close").map((call) => call.args[0]);
  expect(closed).toEqual([FIRST_STORED_FD + 1, FIRST_STORED_FD]);
});

test("what an openat opens without storing is closed before the next step", () => {
  const encoded = encode(planOf([step(samples.openat), step(samples.umask)]), { arch });
  const names = own(run(encoded).calls, encoded).map((call) => call.name);
  expect(names).toEqual(["openat", "close_range", "umask", "execve"]);
});

test("a descriptor that was never stored is a mistake in the plan", () => {
  const plan = planOf([step({ call: "close", fd: { stored: "nothing" } })]);
  expect(() => encode(plan, { arch })).toThrow("nothing is stored as “nothing”");
});

test("narrated, each step but the command's reports its result", () => {
  const plan = planOf([step(samples.setsid), step(samples.umask)], [step(samples.unshare)]);
  const answer = (call: FakeCall) => (call.name === "setsid" ? 42 : undefined);
  const { notes } = run(encode(plan, { arch, narrate: true }), answer);
  expect(notes.map((n) => [n.kind, n.step, n.value])).toEqual([
    ["done", 0, 0],
    ["done", 1, 42],
    ["done", 2, 0],
  ]);
});

test("the monitor tells PID 1's number, the execve and the end, and keeps only the socket", () => {
  const { calls, notes } = run(
    encode(planOf([]), { arch }),
    (call, launcher) => {
      if (call.name !== "wait4") return undefined;
      launcher.setInt(call.args[1]!, 0x700);
      return 4711;
    },
    true,
  );
  expect(notes.map((n) => [n.kind, n.value])).toEqual([
    ["forked", 4711],
    ["executed", 0],
    ["ended", 0x700],
  ]);
  const after = calls.slice(calls.findIndex((call) => call.name === "clone"));
  expect(after.map((call) => call.name)).toEqual(
    "clone write close_range close read write wait4 write exit_group".split(" ") as never,
  );
});

test("PID 1 of --init reaps strangers until its own child is gone, and reports the child's status", () => {
  const plan: Plan = {
    before: [],
    monitor: [],
    birth: [],
    init: [{ call: "reap", why: "" }, execve],
  };
  let clones = 0;
  const ended = [
    { pid: 30, status: 0x100 },
    { pid: 2, status: 0x500 },
  ];
  const { calls, notes } = run(encode(plan, { arch }), (call, launcher) => {
    if (call.name === "clone") return clones++ === 0 ? 0 : 2; // PID 1's own fork, seen by PID 1
    if (call.name === "getpid") return 1;
    if (call.name === "kill") return ended.length ? 0 : -errnos.ESRCH;
    if (call.name !== "wait4") return undefined;
    const { pid, status } = ended.shift()!;
    launcher.setInt(call.args[1]!, status);
    return pid;
  });
  expect(notes.map((n) => [n.kind, n.value])).toEqual([["ended", 0x500]]);
  expect(calls.filter((call) => call.name === "kill").map((call) => call.args[0])).toEqual([2, 2]);
});

test("detached, the monitor keeps a lock and writes the end to a file as well", () => {
  const { calls } = run(encode(planOf([]), { arch, detached: true }), () => undefined, true);
  const moves = calls.filter((call) => call.name === "dup3").map((call) => call.args.slice(0, 2));
  expect(moves.slice(0, 2)).toEqual([
    [5, 7],
    [4, FIRST_STORED_FD],
  ]);
  const closed = calls.filter((call) => call.name.startsWith("close")).map((call) => call.args);
  const covers = (fd: number) => closed.some(([first = 0, last = 0]) => first <= fd && fd <= last);
  expect([covers(FIRST_STORED_FD), covers(7)]).toEqual([false, false]);
  const after = calls.slice(calls.findIndex((call) => call.name === "wait4"));
  expect(after.map((call) => call.name as string)).toEqual(
    "wait4 write clock_gettime write exit_group".split(" "),
  );
  expect(after.filter((call) => call.name === "write").map((call) => call.args[0])).toEqual([3, 7]);
});

test("a successor is executed among the host's namespaces, with no signal blocked or pending", () => {
  const successor = { argv: ["/bin/next", "id"], env: ["A=1"] };
  const encoded = encode(planOf([]), { arch, detached: true, successor });
  let fd = 20;
  const { calls, launcher } = run(
    encoded,
    (call) => (call.name === "openat" ? fd++ : undefined),
    true,
  );
  const opened = calls.filter((call) => call.name === "openat").slice(0, 5);
  expect(opened.map((call) => launcher.text(call.args[1]!))).toEqual(
    ["uts", "ipc", "net", "pid_for_children", "mnt"].map((name) => `/proc/self/ns/${name}`),
  );
  const after = calls.slice(calls.findIndex((call) => call.name === "wait4"));
  const names = after.map((call) => call.name as string);
  expect(names.filter((name) => name === "setns").length).toBe(5);
  expect(names.lastIndexOf("setns")).toBeLessThan(names.indexOf("openat"));
  expect(names.slice(-2)).toEqual(["rt_sigprocmask", "execve"]);
  expect(launcher.texts(after.at(-1)!.args[1]!)).toEqual(["/bin/next", "id"]);
});
