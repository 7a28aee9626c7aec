/** Words for a shell, each quoted where it has to be: `shellWords("echo", "it's")` is `echo 'it'\''s'`. */
export const shellWords = (...words: (string | null)[]): string =>
  words.map((word) => quoteWord(word ?? "")).join(" ");

const quoteWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
