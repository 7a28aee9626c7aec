import { expect, test } from "bun:test";
import { unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launcherBytes } from "../../../src/launch/launcher-bytes.ts";
import { launcherProgram } from "../../../src/launch/program.ts";

const machines = { x86_64: "Advanced Micro Devices X86-64", aarch64: "AArch64" } as const;
const missing = Bun.which("readelf") === null;
if (missing)
  console.error("the launcher's ELF headers are not held against readelf: there is none");

function readelf(arch: "x86_64" | "aarch64"): { text: string; errors: string } {
  const file = join(tmpdir(), `kontener-elf-${process.pid}-${arch}`);
  writeFileSync(file, launcherProgram(arch));
  try {
    const { stdout, stderr } = Bun.spawnSync(["readelf", "-hlW", file], { env: { LC_ALL: "C" } });
    return { text: stdout.toString(), errors: stderr.toString() };
  } finally {
    unlinkSync(file);
  }
}

for (const arch of ["x86_64", "aarch64"] as const) {
  test(`the ${arch} launcher is less than two kilobytes and the same each time`, () => {
    const program = launcherProgram(arch);
    expect(program.length).toBeLessThan(2048);
    expect(launcherProgram(arch)).toEqual(program);
  });

  test.skipIf(missing)(`readelf finds a static ${arch} executable without complaint`, () => {
    const { text, errors } = readelf(arch);
    expect(errors).toBe("");
    expect(text).toMatch(/Type:\s+EXEC/);
    expect(text).toContain(machines[arch]);
    expect(text).not.toContain("INTERP");
  });

  test.skipIf(missing)(`no memory of the ${arch} launcher is writable and executable`, () => {
    const segments = [...readelf(arch).text.matchAll(/^ +(LOAD|GNU_STACK) .* ([R ][W ][E ]) 0x/gm)];
    expect(segments.map(([, type, flags]) => `${type} ${flags}`)).toEqual([
      "LOAD R E",
      "LOAD RW ",
      "GNU_STACK RW ",
    ]);
  });
}

test("the ready-made bytes are what the listings make", () => {
  for (const arch of ["x86_64", "aarch64"] as const)
    expect(launcherBytes[arch]).toBe(launcherProgram(arch).toBase64());
});
