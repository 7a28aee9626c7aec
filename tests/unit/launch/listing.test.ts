import { expect, test } from "bun:test";
import { unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Arch } from "../../../src/abi/syscall.ts";
import { assemble, listings } from "../../../src/launch/listing.ts";

const disassemblers: Record<Arch, { program: string; machine: string[] }> = {
  x86_64: { program: "objdump", machine: ["-m", "i386:x86-64", "-M", "intel"] },
  aarch64: { program: "aarch64-linux-gnu-objdump", machine: ["-m", "aarch64"] },
};

/** The instructions of raw code as objdump(1) reads them, by address. */
function disassemble(code: Uint8Array, arch: Arch): Map<number, string> {
  const { program, machine } = disassemblers[arch];
  const file = join(tmpdir(), `kontener-listing-${process.pid}-${arch}`);
  writeFileSync(file, code);
  try {
    const { stdout } = Bun.spawnSync([program, "-D", "-b", "binary", ...machine, file]);
    const lines = stdout.toString().matchAll(/^ *([0-9a-f]+):\t[0-9a-f ]+\t(.*)$/gm);
    return new Map([...lines].map(([, at, text]) => [parseInt(at!, 16), plain(text!)]));
  } finally {
    unlinkSync(file);
  }
}

/** Without alignment and without the disassembler's remarks. */
const plain = (text: string): string =>
  text
    .replace(/\s*\/\/.*$/, "")
    .replace(/\s+/g, " ")
    .trim();

for (const arch of ["x86_64", "aarch64"] as const) {
  const { program } = disassemblers[arch];
  const missing = Bun.which(program) === null;
  if (missing)
    console.error(`the ${arch} listing is not held against a disassembler: no ${program}`);

  test.skipIf(missing)(`each line of the ${arch} listing says what its bytes do`, () => {
    const read = disassemble(assemble(arch), arch);
    const addresses = [...read.keys()];
    const names = new Map<string, string>();
    let index = 0;
    const written: string[] = [];
    for (const line of listings[arch]) {
      if ("label" in line) names.set(`0x${addresses[index]!.toString(16)}`, line.label);
      else {
        written.push(line.text);
        index++;
      }
    }
    // A branch's target is an address for the disassembler and a label for us.
    const labelled = [...read.values()].map((text) =>
      text.replace(
        /^(j\w+|b|b\.\w+|cbn?z|tbn?z)( .*)?( |, )(0x[0-9a-f]+)$/,
        (whole, op, rest, gap, at) =>
          names.has(at) ? `${op}${rest ?? ""}${gap}${names.get(at)}` : whole,
      ),
    );
    expect(labelled).toEqual(written);
  });
}
