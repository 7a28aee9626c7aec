import { KontenerError } from "../abi/error.ts";
import { paths } from "../linux/paths.ts";
import type { CommandLine } from "./argv.ts";
import { say } from "./report.ts";

/**
 * Starts a container, and where its image is not here gets it from its registry first (`--pull`). Nothing is looked up
 * beforehand: with the image here, this costs nothing.
 */
export async function withImage<T>(line: CommandLine, start: () => Promise<T>): Promise<T> {
  const { options, engine } = line;
  const { pull = "missing", platform } = engine;
  if (options.rootfs !== undefined || engine.fallbackImage !== undefined) return await start();
  if (pull === "always" || platform !== undefined) {
    if (pull === "always" || (pull === "missing" && !(await isHere(line)))) await get(line);
    return await start();
  }
  try {
    return await start();
  } catch (error) {
    const missing = error instanceof KontenerError && error.code === "NOT_FOUND";
    if (pull === "never" || !missing) throw error;
    if (await isHere(line)) throw error; // something else is not there
    await get(line);
    return await start();
  }
}

/** `--dry-run` pulls nothing: of an image that is not here, the plan knows the name. */
export async function sayAbsent(line: CommandLine): Promise<void> {
  const { options, engine } = line;
  if (options.rootfs !== undefined || engine.fallbackImage !== undefined) return;
  const { isBuiltin } = await import("../image/store.ts");
  if (isBuiltin(options.image) || (await isHere(line))) return;
  const then =
    engine.pull === "never" ? "a start would fail (--pull never)" : "a start would pull it";
  say(`image ${options.image} is not here: ${then}; its layers and its configuration are guesses`);
}

async function isHere({ options, engine }: CommandLine): Promise<boolean> {
  const here = await import("../image/here.ts");
  return await here.isHere(options.image, engine.platform, paths());
}

async function get({ options, engine }: CommandLine): Promise<void> {
  const { pullNow } = await import("./pull.ts");
  await pullNow({ name: options.image, platform: engine.platform });
}
