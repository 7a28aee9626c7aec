import type { Entry } from "../engine/list.ts";
import { findContainer } from "../engine/list.ts";
import { paths as statePaths, type Paths } from "../linux/paths.ts";
import { report } from "./report.ts";

/**
 * Does the same to several containers, one after the other; prints each word that it was done for, as docker does.
 * What fails for one is told, and the others have their turn: the exit code is then 1.
 */
export async function forEachContainer(
  words: readonly string[],
  act: (entry: Entry, paths: Paths) => Promise<string | undefined | void>,
): Promise<number> {
  const paths = statePaths();
  let code = 0;
  for (const word of words) {
    try {
      const result = await act(findContainer(word, paths), paths);
      console.log(result ?? word);
    } catch (error) {
      await report(error);
      code = 1;
    }
  }
  return code;
}
