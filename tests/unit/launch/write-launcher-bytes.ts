/** Writes src/launch/launcher-bytes.ts from the listings: run it after a change of listing.ts, program.ts or table.ts. */
import { launcherProgram } from "../../../src/launch/program.ts";

const base64 = (arch: "x86_64" | "aarch64") => JSON.stringify(launcherProgram(arch).toBase64());
await Bun.write(
  new URL("../../../src/launch/launcher-bytes.ts", import.meta.url),
  `import type { Arch } from "../abi/syscall.ts";

/**
 * The launcher program as base64, so that a start need not assemble it (2 ms cold). Made from the annotated listing by
 * tests/unit/launch/write-launcher-bytes.ts; program.test.ts holds it to what the listing makes.
 */
export const launcherBytes: Readonly<Record<Arch, string>> = {
  x86_64: ${base64("x86_64")},
  aarch64: ${base64("aarch64")},
};
`,
);
