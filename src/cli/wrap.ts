/** Words in lines of at most `width` characters; a longer word has a line of its own, so that it can be copied whole. */
export function wrap(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line ? `${line} ${word}` : word;
  }
  return [...lines, line];
}

/** A shell command's words with their quotes, between which a line may end in a backslash. */
export const shellTokens = (command: string): string[] =>
  command.match(/(?:'[^']*'|\\.|[^\s'\\])+/g) ?? [];
