import { renameSync, rmSync } from "node:fs";
import { invalid, KontenerError } from "../abi/error.ts";
import { isTerminal } from "./terminal.ts";

export type Output = AsyncDisposable & {
  write(bytes: Uint8Array): Promise<void>;
  /** It is whole: a file takes its place, in place of one that was there. */
  finish(): Promise<void>;
};

/** Where `-o` says, or standard output, which must be no terminal. A file that is not finished leaves nothing. */
export function output(file: string | undefined, verb: string): Output {
  if (file === undefined && isTerminal(1))
    throw invalid("an archive on a terminal is of no use", `kontener ${verb} -o FILE, or > FILE`);
  const beside = file === undefined ? undefined : `${file}.part-${process.pid}`;
  const target = beside === undefined ? Bun.stdout : Bun.file(beside);
  const told = async <T>(act: () => T | Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (cause) {
      throw new KontenerError(
        `cannot write ${file ?? "to standard output"}: ${(cause as Error).message}`,
        { code: "IMAGE", exitCode: 1, cause },
      );
    }
  };
  let writer: Bun.FileSink | undefined;
  let finished = false;
  return {
    write: (bytes) =>
      told(async () => {
        writer ??= target.writer({ highWaterMark: 1 << 20 });
        writer.write(bytes);
        await writer.flush();
      }),
    finish: () =>
      told(async () => {
        await writer?.end();
        finished = true;
        if (beside !== undefined) renameSync(beside, file!);
      }),
    async [Symbol.asyncDispose]() {
      if (finished || beside === undefined) return;
      await writer?.end();
      rmSync(beside, { force: true });
    },
  };
}
