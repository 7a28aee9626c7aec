import { expect, test } from "bun:test";
import { JsonLines } from "../../../src/cli/explain.ts";
import { Lecture } from "../../../src/cli/lecture.ts";
import type { Told } from "../../../src/plan/narrate.ts";
import type { Step } from "../../../src/plan/step.ts";

const told = (step: Told["step"], more: Partial<Told> = {}): Told => ({
  side: "pid1",
  number: 1,
  step,
  result: 0,
  microseconds: 12,
  shell: undefined,
  ...more,
});
const drop = (arg2: string): Step => ({
  call: "prctl",
  option: "PR_CAPBSET_DROP",
  arg2,
  arg3: 0,
  arg4: 0,
  arg5: 0,
  why: "gone for good",
});
const pivot: Step = { call: "pivot_root", new_root: ".", put_old: ".", why: "swap the roots" };

function lecture(speak: (lecture: Lecture) => void): string[] {
  const lines: string[] = [];
  const speaker = new Lecture((line) => lines.push(line));
  speak(speaker);
  speaker.flush();
  return lines;
}

test("a step is told with its side, time, result, reason and shell command", () => {
  expect(lecture((l) => l.step(told(pivot, { shell: "pivot_root . ." })))).toEqual([
    'PID 1      12 µs  pivot_root(".", ".") = 0',
    "                  swap the roots",
    "                  $ pivot_root . .",
  ]);
});

test("steps alike are gathered, with their names and their time together", () => {
  const lines = lecture((l) => {
    for (const name of ["CAP_BPF", "CAP_MKNOD", "CAP_SYSLOG"]) l.step(told(drop(name)));
    l.step(told(pivot));
  });
  expect(lines.slice(2, 4)).toEqual([
    "PID 1      24 µs  … and 2 more like it: CAP_MKNOD, CAP_SYSLOG",
    'PID 1      12 µs  pivot_root(".", ".") = 0',
  ]);
});

test("an error that the plan lets pass is named, and called harmless", () => {
  const lines = lecture((l) => {
    l.step(told(drop("CAP_BPF"), { result: -22 }));
    l.step(told(drop("CAP_MKNOD"), { result: -22 }));
  });
  expect(lines[0]).toEndWith("= -1 EINVAL (no harm)");
  expect(lines.at(-1)).toEndWith("… and 1 more like it: CAP_MKNOD (EINVAL: no harm)");
});

test("what is written to one file is gathered, with what was written", () => {
  const allow = (text: string, why: string) =>
    told({ call: "write", path: "/cg/devices.allow", text, why }, { side: "host" });
  const lines = lecture((l) => {
    l.step(allow("c 1:3 rwm", "null"));
    l.step(allow("c 1:5 rwm", "zero"));
  });
  expect(lines.at(-1)).toEndWith("… and 1 more like it: c 1:5 rwm");
});

test("a reason is given once a chapter", () => {
  const chapter = { title: "T", text: "Text.", covers: () => true };
  const lines = lecture((l) => {
    l.step(told(pivot));
    l.step(told(drop("CAP_BPF")));
    l.step(told(pivot));
    l.chapter(chapter);
    l.step(told(pivot));
  });
  expect(lines.filter((line) => line.trim() === "swap the roots")).toHaveLength(2);
});

test("the execve that succeeds is told for itself, after those that found nothing", () => {
  const execve = (pathname: string): Step => ({
    call: "execve",
    pathname,
    argv: ["ls"],
    envp: [],
    why: "become the command",
  });
  const lines = lecture((l) => {
    l.step(told(execve("/a/ls"), { result: -2 }));
    l.step(told(execve("/b/ls"), { result: -2 }));
    l.step(told(execve("/c/ls")));
  });
  expect(lines.at(-1)).toContain('execve("/c/ls"');
  expect(lines.at(-2)).toContain("… and 1 more like it: /b/ls (ENOENT: no harm)");
});

test("lines fit in 100 columns, and a broken shell command can be pasted", () => {
  const words = Array.from({ length: 30 }, (_, i) => `word-${i}`);
  const step: Step = { ...pivot, why: words.join(" ") };
  const lines = lecture((l) => l.step(told(step, { shell: `exec 'a  b' ${words.join(" ")}` })));
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  const start = lines.findIndex((line) => line.includes("$ "));
  const command = lines
    .slice(start)
    .map((line) => line.trim())
    .join("\n")
    .replace("$ exec", "printf '%s\\n'");
  const { stdout } = Bun.spawnSync(["sh", "-c", command]);
  expect(stdout.toString().trim().split("\n")).toEqual(["a  b", ...words]);
});

test("as JSON, a line for each step", () => {
  const lines: string[] = [];
  const json = new JsonLines((line) => lines.push(line));
  json.step(told(drop("CAP_BPF"), { result: -22, shell: "setpriv", microseconds: 1.23456 }));
  json.forked(4711, 2);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      side: "pid1",
      number: 1,
      call: "prctl",
      args: "PR_CAPBSET_DROP, CAP_BPF",
      why: "gone for good",
      shell: "setpriv",
      result: -1,
      errno: "EINVAL",
      microseconds: 1.2,
    },
    expect.objectContaining({ side: "monitor", number: 2, call: "fork", result: 4711 }),
  ]);
});
