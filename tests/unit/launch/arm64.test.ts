import { expect, test } from "bun:test";
import { closeSync, unlinkSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errnos } from "../../../src/abi/errno.ts";
import { encode } from "../../../src/launch/encode.ts";
import { launcherProgram } from "../../../src/launch/program.ts";
import { MessageReader } from "../../../src/launch/protocol.ts";
import { planOf, samples, step } from "./samples.ts";

const native = process.arch === "arm64";
const qemu = Bun.which("qemu-aarch64-static") ?? Bun.which("qemu-aarch64");
if (!qemu && !native)
  console.error("the arm64 launcher is not run: no qemu-aarch64 (package qemu-user-static)");

test.skipIf(!qemu && !native)(
  "the arm64 launcher performs a plan, here up to a command that is not there",
  async () => {
    const file = join(tmpdir(), `kontener-arm64-${process.pid}`);
    writeFileSync(file, launcherProgram("aarch64"), { mode: 0o755 });
    const missing = ["ENOENT"] as const;
    const plan = planOf([
      step({ call: "meet", at: "go" } as never),
      step(
        { ...samples.openat, flags: ["O_RDONLY", "O_DIRECTORY"], pathname: "/" },
        { store: "root" },
      ),
      step(
        { ...samples.openat, dirfd: { stored: "root" }, pathname: "no/such" },
        { ignore: missing },
      ),
      step({ call: "write", fd: 1, buf: "hello from arm64", count: 16 }),
      step({ ...samples.execve, pathname: "/no/such" }),
    ]);
    const { bytes, stepOf } = encode(plan, { arch: "aarch64", narrate: true });
    const launcher = Bun.spawn([...(native ? [] : [qemu!]), file], {
      stdio: ["ignore", "pipe", "inherit", "pipe"],
    });
    const fd = launcher.stdio[3] as unknown as number;
    const length = new Uint8Array(8);
    new DataView(length.buffer).setUint32(0, bytes.length, true);
    writeSync(fd, Buffer.concat([length, bytes, Buffer.from("g")]));
    const reader = new MessageReader();
    const notes = [];
    for await (const chunk of Bun.file(fd).stream()) notes.push(...reader.read(chunk));
    closeSync(fd);
    unlinkSync(file);
    expect(await launcher.exited).toBe(0);
    expect(await launcher.stdout.text()).toBe("hello from arm64");
    const done = notes.filter((note) => note.kind === "done");
    expect(done.map((note) => [note.step, note.value])).toEqual([
      [0, 0],
      [1, 10],
      [2, -errnos.ENOENT],
      [3, 16],
    ]);
    const failed = notes.find((note) => note.kind === "failed")!;
    expect([stepOf(failed.step), failed.value]).toEqual([4, -errnos.ENOENT]);
    expect(notes.find((note) => note.kind === "ended")?.value).toBe(125 << 8);
  },
);
