import { expect, test } from "bun:test";
import { isStaticProgram } from "../../../src/image/elf.ts";
import { launcherProgram } from "../../../src/launch/program.ts";

/** An ELF header with one program header of the given type. */
function elf(machine: number, segment: number): Uint8Array {
  const bytes = Buffer.alloc(64 + 56);
  bytes.write("\x7fELF\x02\x01\x01", "latin1");
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(segment, 64);
  return bytes;
}

const [PT_LOAD, PT_INTERP] = [1, 3];

test("a program without an interpreter is static, on its own architecture", () => {
  expect(isStaticProgram(elf(62, PT_LOAD), "x86_64")).toBe(true);
  expect(isStaticProgram(elf(183, PT_LOAD), "aarch64")).toBe(true);
  expect(isStaticProgram(elf(183, PT_LOAD), "x86_64")).toBe(false);
  for (const arch of ["x86_64", "aarch64"] as const)
    expect(isStaticProgram(launcherProgram(arch), arch)).toBe(true);
});

test("a program with an interpreter is not", async () => {
  expect(isStaticProgram(elf(62, PT_INTERP), "x86_64")).toBe(false);
  const bun = await Bun.file(process.execPath).slice(0, 65536).bytes();
  expect(isStaticProgram(bun, process.arch === "x64" ? "x86_64" : "aarch64")).toBe(false);
});

test.each([0, 3, 63, 100])("the first %p bytes of a program are none", (length) => {
  expect(isStaticProgram(elf(62, PT_LOAD).subarray(0, length), "x86_64")).toBe(false);
});
