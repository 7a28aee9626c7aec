/**
 * Runs before the test files are loaded. `bun run` installs missing packages into Bun's cache by itself, `bun test` does
 * not: on a fresh checkout this does it, from the lockfile, and starts over, because this process has already looked for
 * packages where there were none.
 */
import { existsSync, readFileSync } from "node:fs";

const root = new URL("..", import.meta.url).pathname;
if (!existsSync(`${root}node_modules/valibot`)) {
  const install = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (!install.success)
    throw new Error("bun install failed: the tests need the packages of package.json");
  const [, ...words] = readFileSync("/proc/self/cmdline", "utf8").split("\0").slice(0, -1);
  const again = Bun.spawnSync([process.execPath, ...words], {
    stdio: ["inherit", "inherit", "inherit"],
  });
  process.exit(again.exitCode);
}
