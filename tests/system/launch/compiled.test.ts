import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const source = new URL("./fixtures/compiled.ts", import.meta.url).pathname;

test("a compiled program, which has no reference.ts beside it, starts the reference by its hidden verb", () => {
  const outfile = join(tmpdir(), `kontener-compiled-${process.pid}`);
  try {
    const build = ["build", "--compile", "--bytecode", "--outfile", outfile, source];
    const { success, stderr } = Bun.spawnSync([process.execPath, ...build]);
    if (!success) throw new Error(stderr.toString());
    const { stdout } = Bun.spawnSync([outfile], { stderr: "inherit", cwd: "/" });
    expect(stdout.toString()).toBe('born\n{"code":0,"signal":null}\n');
  } finally {
    rmSync(outfile, { force: true });
  }
});
