import { expect, test } from "bun:test";
import fc from "fast-check";
import { syscallNumber } from "../../../src/abi/syscall.ts";
import { BASE, HEADER, ROOM, STEP } from "../../../src/launch/memory.ts";
import {
  argumentOf,
  Message,
  MESSAGE_SIZE,
  stepAt,
  Table,
  valueOf,
  type RawArgument,
} from "../../../src/launch/table.ts";
import { FakeLauncher } from "./fake-kernel.ts";

const arch = "x86_64";
const nr = (name: Parameters<typeof syscallNumber>[0]) => syscallNumber(name, arch);
const exit = { nr: nr("exit_group"), args: [0] };

/** The arguments of getpid, which stands for any call, after they went through a table. */
function through(...args: RawArgument[]) {
  const table = new Table();
  table.add({ nr: nr("getpid"), args });
  table.label("failed");
  table.add(exit);
  const launcher = new FakeLauncher(table.layout(2), arch);
  return { launcher, args: launcher.run(() => 0)[0]!.args };
}

const word = fc.string({ unit: "grapheme" }).filter((s) => !s.includes("\0"));

test("any texts, lists and memory arrive, however much there is", () => {
  fc.assert(
    fc.property(
      word,
      fc.array(word, { maxLength: 200 }),
      fc.uint8Array({ maxLength: 40_000 }),
      (text, list, memory) => {
        const { launcher, args } = through(text, [...list, null], memory);
        expect(launcher.text(args[0]!)).toBe(text);
        expect(launcher.texts(args[1]!)).toEqual(list);
        expect(launcher.bytes(args[2]!, memory.length)).toEqual(memory);
      },
    ),
    { numRuns: 50 },
  );
});

test("any number that a double carries exactly arrives, negative ones too", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (n) => {
      expect(through(n).args[0]).toBe(n);
    }),
  );
});

test("the same text has one place", () => {
  const { args } = through("PATH=/bin", "PATH=/bin");
  expect(args[0]).toBe(args[1]!);
});

test("what is pointed to is aligned to eight bytes, as the kernel's structures want it", () => {
  const { args } = through(new Uint8Array(3), "abc", new Uint8Array(1));
  expect(args.slice(0, 3).map((address) => address % 8)).toEqual([0, 0, 0]);
});

test("steps follow the header, and an offset names its step", () => {
  expect(stepAt(HEADER)).toBe(0);
  expect(stepAt(HEADER + 7 * STEP)).toBe(7);
});

test("a result can become a later step's argument, or a message's value", () => {
  const table = new Table();
  const message = new Message(5, 9);
  const later = { nr: nr("close"), args: [0], store: valueOf(message) };
  table.add({ nr: nr("socket"), args: [], store: argumentOf(later, 0) });
  table.add(later);
  table.add({ nr: nr("write"), args: [3, message, MESSAGE_SIZE] });
  table.label("failed");
  table.add(exit);
  const launcher = new FakeLauncher(table.layout(2), arch);
  const calls = launcher.run((call) => ({ socket: 77, close: 88 })[call.name as string] ?? 0);
  expect(calls[1]!.args[0]).toBe(77);
  const view = new DataView(launcher.bytes(calls[2]!.args[1]!, MESSAGE_SIZE).buffer);
  expect([view.getUint32(0, true), view.getUint32(4, true), view.getInt32(8, true)]).toEqual([
    5, 9, 88,
  ]);
});

test("a jump to a label that nobody set is a mistake", () => {
  const table = new Table();
  table.label("failed");
  table.add({ nr: nr("getpid"), args: [], jump: "nowhere" });
  expect(() => table.layout(2)).toThrow("no label nowhere");
});

test("a plan that the launcher has no room for is refused", () => {
  expect(() => through(new Uint8Array(ROOM))).toThrow(String(ROOM));
  expect(through(new Uint8Array(ROOM - 4096)).args[0]).toBeGreaterThan(BASE);
});
