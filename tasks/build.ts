/** `just build`: one executable, dist/kontener, with Bun and everything else in it. */
import { mkdirSync } from "node:fs";

const root = new URL("..", import.meta.url).pathname;

/**
 * Split, so that a start of `run` does not load what other verbs need: bundled in one piece, node's modules that any of them
 * imports are loaded first (3 ms).
 */
export async function build(outfile: string): Promise<void> {
  const result = await Bun.build({
    entrypoints: [`${root}src/cli/main.ts`],
    compile: { outfile },
    bytecode: true,
    minify: true,
    format: "esm",
    splitting: true,
  });
  if (!result.success) throw new AggregateError(result.logs, "the build failed");
}

if (import.meta.main) {
  mkdirSync(`${root}dist`, { recursive: true });
  await build(`${root}dist/kontener`);
  console.log("dist/kontener");
}
