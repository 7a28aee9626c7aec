import { KontenerError } from "../abi/error.ts";
import type { CommandLine } from "./argv.ts";

/**
 * Starts a container, and where its image is not here gets it from its registry first (`--pull`). Nothing is looked up
 * beforehand: with the image here, this costs nothing.
 */
export async function withImage<T>(line: CommandLine, start: () => Promise<T>): Promise<T> {
  const { options, engine } = line;
  const { pull = "missing", platform } = engine;
  if (options.rootfs !== undefined || engine.fallbackImage !== undefined) return await start();
  if (pull === "always" || platform !== undefined) {
    const { pullNow, isHere } = await import("./pull.ts");
    if (pull === "always" || (pull === "missing" && !(await isHere(options.image, platform))))
      await pullNow({ name: options.image, platform });
    return await start();
  }
  try {
    return await start();
  } catch (error) {
    const missing = error instanceof KontenerError && error.code === "NOT_FOUND";
    if (pull === "never" || !missing) throw error;
    const { pullNow, isHere } = await import("./pull.ts");
    if (await isHere(options.image, platform)) throw error; // something else is not there
    await pullNow({ name: options.image, platform });
    return await start();
  }
}
