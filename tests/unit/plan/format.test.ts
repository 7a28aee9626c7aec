import { expect, test } from "bun:test";
import { formatStep, planToJson } from "../../../src/plan/format.ts";
import { planFor } from "./fixtures.ts";

const environment = (count: number): string => {
  const envp = Array.from({ length: count }, (_, i) => `V${i}=1`);
  return formatStep({ call: "execve", pathname: "/bin/sh", argv: ["sh"], envp, why: "" });
};

test("an environment is counted, as strace does", () => {
  expect(environment(12)).toBe('execve("/bin/sh", ["sh"], [/* 12 vars */])');
  expect(environment(1)).toEndWith("[/* 1 var */])");
});

test("strings are whole, unless a length is given to cut them to", () => {
  const step = { call: "chdir", path: "/a/very/long/path", why: "" } as const;
  expect(formatStep(step)).toBe('chdir("/a/very/long/path")');
  expect(formatStep(step, { cut: 7 })).toBe('chdir("/a/very"...)');
});

test("what would break the line is escaped", () => {
  expect(formatStep({ call: "sethostname", name: 'a\n\u001b"b', len: 4, why: "" })).toBe(
    String.raw`sethostname("a\n\u001b\"b", 4)`,
  );
});

test("a step on the host is told by its path and its text", () => {
  expect(formatStep({ call: "mkdir", path: "/run/c1", mode: 0o711, why: "" })).toBe(
    'mkdir("/run/c1", 0711)',
  );
  expect(formatStep({ call: "write", path: "/f", text: "a\n", create: 0o644, why: "" })).toBe(
    String.raw`write("/f", "a\n", 0644)`,
  );
});

test("a netlink request is told with the namespace that it goes to", () => {
  const request = { type: "RTM_NEWADDR", name: "eth0", address: "10.0.0.2", prefix: 24 } as const;
  expect(formatStep({ call: "netlink", netns: "container", request, why: "" })).toBe(
    'RTM_NEWADDR({netns=$PID, ifname="eth0", local=10.0.0.2/24})',
  );
});

test("as JSON a plan is itself, with memory as text and base64", () => {
  const plan = planFor({ filter: Uint8Array.of(6, 0, 0, 0, 0, 0, 0xff, 0x7f) });
  const parsed = JSON.parse(planToJson(plan)) as { init: Record<string, unknown>[] };
  expect(parsed.init.map(({ call }) => call)).toEqual(plan.init.map(({ call }) => call));
  expect(parsed.init.find(({ call }) => call === "seccomp")).toMatchObject({
    operation: ["SECCOMP_SET_MODE_FILTER"],
    args: { text: "{len=1, …}", base64: "BgAAAAAA/38=" },
  });
});
