/**
 * Runs before the test files are loaded. `bun run` installs missing packages into Bun's cache by itself, `bun test` does
 * not: on a fresh checkout this does it, from the lockfile.
 */
import { existsSync } from "node:fs";

const root = new URL("..", import.meta.url).pathname;
if (!existsSync(`${root}node_modules/valibot`)) {
  const install = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (!install.success)
    throw new Error("bun install failed: the tests need the packages of package.json");
}
