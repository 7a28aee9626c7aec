import { report } from "./report.ts";

/** Does the same for each of several words. What fails for one is told, and the others have their turn: the code is then 1. */
export async function oneByOne<T>(
  words: Iterable<T>,
  act: (word: T) => Promise<unknown>,
): Promise<number> {
  let code = 0;
  for (const word of words) {
    try {
      await act(word);
    } catch (error) {
      await report(error);
      code = 1;
    }
  }
  return code;
}
