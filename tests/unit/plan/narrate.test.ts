import { expect, test } from "bun:test";
import fc from "fast-check";
import { chapters } from "../../../src/plan/chapters.ts";
import { Narration, type Listener, type Told } from "../../../src/plan/narrate.ts";
import type { Plan } from "../../../src/plan/step.ts";
import { planFor, type Wish } from "./fixtures.ts";
import { wishes } from "./wishes.ts";

const cable: Plan["birth"] = [
  { call: "write", path: "/cg/cgroup.procs", text: "$PID", why: "join" },
];

/** Plays a plan to a narration as the engine and the launcher would, each step of the child taking 2 µs. */
function play(plan: Plan, listener: Listener): void {
  const narration = new Narration(listener);
  narration.planned(plan);
  for (const step of plan.before) narration.host(step, 0, 0.005);
  let clock = 1e12;
  for (const step of plan.monitor) narration.child(step, 0, (clock += 2000));
  narration.born(4711);
  for (const step of plan.birth) narration.host(step, 0, 0.005);
  for (const step of plan.init)
    if (step.call !== "execve" && step.call !== "reap") narration.child(step, 0, (clock += 2000));
  narration.executed();
}

class Recorder implements Listener {
  readonly titles: string[] = [];
  readonly told: Told[] = [];
  fork = 0;
  steps = 0;
  chapter({ title }: { title: string }): void {
    this.titles.push(title);
  }
  step(told: Told): void {
    this.told.push(told);
  }
  forked(_pid: number, number: number): void {
    this.fork = number;
  }
  executed(_pid: number, steps: number): void {
    this.steps = steps;
  }
}

function record(wish: Wish): Recorder {
  const recorder = new Recorder();
  play(planFor(wish, { birth: cable }), recorder);
  return recorder;
}

test("the plain container's birth has its chapters in order", () => {
  expect(record({}).titles).toEqual([
    "Before there is a process",
    "Leaving the host's namespaces",
    "The double fork",
    "What only the host can do",
    "PID 1 wakes up",
    "Another tree to live in",
    "Holding what comes from the host",
    "The kernel's own file systems",
    "The point of no return",
    "Furnishing the new root",
    "One kernel for all",
    "The process itself",
    "Giving up power",
    "Becoming the command",
  ]);
});

test("with the host's process numbers there is a fork, but no double fork's story", () => {
  const { titles } = record({ pid: "host" });
  expect(titles).toContain("The fork");
  expect(titles).not.toContain("The double fork");
});

test("a reaper has its chapter", () => {
  expect(record({ init: true }).titles.slice(-2)).toEqual([
    "A reaper stays behind",
    "Becoming the command",
  ]);
});

test("whatever was asked for, no chapter comes twice or before its time, and none that every birth has is missing", () => {
  const order = chapters.map(({ title }) => title);
  const always = chapters.filter((chapter) => chapter.always).map(({ title }) => title);
  fc.assert(
    fc.property(wishes, (wish) => {
      const { titles } = record(wish);
      const places = titles.map((title) => order.indexOf(title));
      expect(places).toEqual([...new Set(places)].toSorted((a, b) => a - b));
      for (const title of always) expect(titles).toContain(title);
    }),
  );
});

test("pivot_root is told in the chapter about it, kernel mounts before, volumes after", () => {
  const places = new Map<string, string>();
  const plan = planFor();
  let title = "";
  play(plan, {
    chapter: (chapter) => (title = chapter.title),
    step: ({ step }) => void places.set(step.call, title),
    forked: () => {},
    executed: () => {},
  });
  expect(places.get("pivot_root")).toBe("The point of no return");
  expect(places.get("umount2")).toBe("The point of no return");
  expect(places.get("mknodat")).toBe("The kernel's own file systems");
  expect(places.get("open_tree")).toBe("Holding what comes from the host");
  expect(places.get("move_mount")).toBe("Furnishing the new root");
  expect(places.get("capset")).toBe("Giving up power");
  expect(places.get("execve")).toBe("Becoming the command");
});

test("every step is told once, numbered from 1 with the fork among them", () => {
  const recorder = record({ init: true, tty: true });
  const plan = planFor({ init: true, tty: true }, { birth: cable });
  const numbers = [...recorder.told.map(({ number }) => number), recorder.fork];
  const count = plan.before.length + plan.monitor.length + 1 + plan.birth.length + plan.init.length;
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  expect(recorder.steps).toBe(count);
});

test("a step's side is who did it, and its time runs from the end of the step before", () => {
  const { told } = record({});
  expect(told.map(({ side }) => side).filter((side, i, all) => side !== all[i - 1])).toEqual([
    "host",
    "monitor",
    "host",
    "pid1",
  ]);
  expect(told.find(({ side }) => side === "host")!.microseconds).toBe(5);
  expect(told.find(({ side }) => side === "monitor")!.microseconds).toBeUndefined();
  expect(told.find(({ step }) => step.call === "pivot_root")!.microseconds).toBe(2);
});

test("what writes through a descriptor is shown with the file that was opened for it", () => {
  const { told } = record({ sysctls: { "net.core.somaxconn": "9" } });
  const write = told.find(({ side, step }) => side === "pid1" && step.call === "write");
  expect(write!.shell).toBe("echo 9 > /proc/sys/net/core/somaxconn");
});

test("of the places where a command was looked for, the last one told is where it was", () => {
  const plan = planFor({ command: ["ls"], env: { PATH: "/a:/b" } });
  const recorder = new Recorder();
  const narration = new Narration(recorder);
  narration.planned(plan);
  narration.born(4711);
  narration.child(
    plan.init.find(({ call }) => call === "execve")!,
    -2,
    1,
  );
  narration.executed();
  expect(recorder.told.at(-1)).toMatchObject({ step: { pathname: "/b/ls" }, result: 0 });
});

test("what PID 1 does before the monitor has told of its birth is told after it, as PID 1's", () => {
  const plan = planFor();
  const sides: string[] = [];
  const narration = new Narration({
    chapter() {},
    executed() {},
    forked: () => void sides.push("fork"),
    step: ({ side }) => void sides.push(side),
  });
  narration.planned(plan);
  narration.child(plan.monitor[0]!, 0, 1000);
  narration.child(plan.init[0]!, 0, 2000);
  narration.born(4711);
  expect(sides).toEqual(["monitor", "fork", "pid1"]);
});
