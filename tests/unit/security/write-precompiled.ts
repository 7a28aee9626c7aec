import { compileSeccomp } from "../../../src/security/seccomp-compile.ts";
import { precompiledKey } from "../../../src/security/seccomp-default.ts";
import { defaultSeccomp } from "../../../src/security/seccomp-profile.ts";

/*
 * Writes src/security/seccomp-precompiled.ts anew: bun tests/unit/security/write-precompiled.ts
 */

const KERNEL = [4, 8] as const;

/** The text of the file: both architectures, with docker's capabilities and with none. */
export function precompiledText(): string {
  const lines = ["x86_64", "aarch64"].flatMap((name) => {
    const arch = name as "x86_64" | "aarch64";
    return [["CAP_SYS_CHROOT"], []].map((capabilities) => {
      const context = { arch, capabilities, kernel: KERNEL };
      const filter = compileSeccomp(defaultSeccomp(context), arch).toBase64();
      const key = precompiledKey(context);
      return `  ${/^\w+$/.test(key) ? key : JSON.stringify(key)}:\n    ${JSON.stringify(filter)},\n`;
    });
  });
  return `/**
 * The default profile compiled, as base64, by architecture and what matters of the capabilities. Made by
 * tests/unit/security/write-precompiled.ts; seccomp-default.test.ts holds it to what the compiler makes.
 */
export const precompiled: Readonly<Record<string, string>> = {
${lines.join("")}};
`;
}

if (import.meta.main) {
  const file = new URL("../../../src/security/seccomp-precompiled.ts", import.meta.url);
  await Bun.write(file, precompiledText());
}
