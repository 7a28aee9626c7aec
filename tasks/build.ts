/** `just build`: one executable, dist/kontener, with Bun and everything else in it. */
import { mkdirSync } from "node:fs";

const root = new URL("..", import.meta.url).pathname;
mkdirSync(`${root}dist`, { recursive: true });

// zx's `bun build` of our own would start a shell to start Bun; the API is Bun's own.
const result = await Bun.build({
  entrypoints: [`${root}src/cli/main.ts`],
  compile: { outfile: `${root}dist/kontener` },
  bytecode: true,
  minify: true,
  format: "cjs",
});
if (!result.success) throw new AggregateError(result.logs, "the build failed");
console.log("dist/kontener");
