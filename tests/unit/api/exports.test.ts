import { expect, expectTypeOf, test } from "bun:test";
import * as kontener from "../../../src/index.ts";
import type {
  Box,
  BoxOptions,
  Duration,
  ErrorCode,
  ExecOptions,
  Output,
  Result,
  Run,
  ShellCommand,
  SpawnOptions,
} from "../../../src/index.ts";

test("the list of exports is frozen: a change of it is a decision", () => {
  expect(Object.keys(kontener).toSorted()).toEqual([
    "Box",
    "CommandError",
    "KontenerError",
    "Output",
    "Run",
    "ShellCommand",
    "SyscallError",
    "container",
    "pull",
    "run",
  ]);
  expect(Object.keys(kontener.container)).toEqual(["get"]);
});

test("the types say what comes back", () => {
  expectTypeOf(kontener.container).returns.resolves.toEqualTypeOf<Box>();
  expectTypeOf(kontener.container.get).returns.resolves.toEqualTypeOf<Box>();
  expectTypeOf(kontener.run).returns.resolves.toEqualTypeOf<Output>();
  expectTypeOf<Box["exec"]>().returns.resolves.toEqualTypeOf<Output>();
  expectTypeOf<Box["spawn"]>().returns.toEqualTypeOf<Run>();
  expectTypeOf<Run["exited"]>().resolves.toEqualTypeOf<Result>();
  expectTypeOf<Box["$"]>().returns.toEqualTypeOf<ShellCommand>();
  expectTypeOf<Awaited<ShellCommand>>().toEqualTypeOf<Output>();
  expectTypeOf<Output>().toExtend<Result>();
  expectTypeOf<kontener.CommandError>().toExtend<kontener.KontenerError>();
  expectTypeOf<kontener.KontenerError["code"]>().toEqualTypeOf<ErrorCode>();
});

test("the types refuse what the checks refuse", () => {
  expectTypeOf<BoxOptions["timeout"]>().toEqualTypeOf<Duration | undefined>();
  expectTypeOf<{ stdin: "some text" }>().not.toExtend<SpawnOptions>();
  expectTypeOf<{ maxOutput: "1" }>().not.toExtend<ExecOptions>();
  expectTypeOf<"image">().not.toExtend<keyof BoxOptions>();
});
