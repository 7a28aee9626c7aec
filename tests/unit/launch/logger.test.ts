import { expect, test } from "bun:test";
import { errnos } from "../../../src/abi/errno.ts";
import { FRAME, loggerTable, MARK, PIECE, type Rotation } from "../../../src/launch/logger.ts";
import { FakeLauncher, type FakeCall } from "./fake-kernel.ts";

/** Plays a source that gives pieces of these sizes and then ends, and a file that is `size` bytes long. */
function play(
  rotation: Rotation,
  pieces: number[],
  answer: (call: FakeCall) => number | undefined,
) {
  const launcher = new FakeLauncher(loggerTable("/log", rotation, "x86_64"), "x86_64");
  const left = [...pieces];
  const written: { mark: number; length: number; piece: number; frame: number }[] = [];
  const calls = launcher.run((call) => {
    if (call.name === "writev") {
      const iov = new DataView(launcher.bytes(call.args[1]!, 32).buffer);
      const frame = new DataView(launcher.bytes(Number(iov.getBigUint64(0, true)), FRAME).buffer);
      written.push({
        mark: Number(frame.getBigUint64(0, true)),
        length: Number(frame.getBigUint64(8, true)),
        piece: Number(iov.getBigUint64(24, true)),
        frame: Number(iov.getBigUint64(8, true)),
      });
    }
    const given = answer(call);
    if (given !== undefined) return given;
    if (call.name === "read") return left.shift() ?? 0;
    if (call.name === "getpid") return 1;
    return call.nonzero ? 1 : 0;
  });
  return { calls, written, launcher };
}

test("each piece that is read is written with its mark and its length", () => {
  const { written, calls } = play({ maxFiles: 1 }, [5, PIECE, 1], () => undefined);
  expect(written.map(({ length, piece }) => [length, piece])).toEqual([
    [5, 5],
    [PIECE, PIECE],
    [1, 1],
  ]);
  expect(written.every(({ mark, frame }) => mark === MARK && frame === FRAME)).toBe(true);
  expect(calls.at(-1)!.name).toBe("exit_group");
});

test("a full disk loses output and nothing else", () => {
  const full = (call: FakeCall) => (call.name === "writev" ? -errnos.ENOSPC : undefined);
  const { written, calls } = play({ maxFiles: 1 }, [5, 6], full);
  expect(written.length).toBe(2);
  expect(calls.at(-1)!.name).toBe("exit_group");
});

test("a file that is longer than max-size makes room for a new one, the oldest goes", () => {
  let longer = true;
  const { calls, launcher } = play({ maxSize: 100, maxFiles: 3 }, [5, 6], (call) => {
    if (call.name === "openat") return 3;
    if (call.name !== "pread64") return undefined;
    expect(call.args[3]).toBe(100);
    const result = longer ? 1 : 0;
    longer = false;
    return result;
  });
  const renamed = calls
    .filter((call) => call.name === "renameat")
    .map((call) => [launcher.text(call.args[1]!), launcher.text(call.args[3]!)]);
  expect(renamed).toEqual([
    ["/log.1", "/log.2"],
    ["/log", "/log.1"],
  ]);
  const move = calls.find((call) => call.name === "dup3")!;
  expect(move.args.slice(0, 2)).toEqual([3, 1]);
  expect(calls.filter((call) => call.name === "writev").length).toBe(2);
});

test("with one file, it is emptied instead", () => {
  const long = (call: FakeCall) => (call.name === "pread64" ? 1 : undefined);
  const { calls } = play({ maxSize: 100, maxFiles: 1 }, [5], long);
  const names = calls.map((call) => call.name as string);
  expect(names.slice(names.indexOf("pread64"))).toEqual(
    "pread64 ftruncate getpid writev getpid read exit_group".split(" "),
  );
});
