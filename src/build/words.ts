/** Words separated by blanks that are in no quotes; quotes and escapes stay, for `expand` to take away. */
export function splitWords(text: string, escape: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quote === "" && /\s/.test(c)) {
      if (word !== "") words.push(word);
      word = "";
      continue;
    }
    word += c;
    if (c === escape && quote !== "'" && i + 1 < text.length) word += text[++i];
    else if (quote === "" && (c === '"' || c === "'")) quote = c;
    else if (c === quote) quote = "";
  }
  if (word !== "") words.push(word);
  return words;
}

export type Pair = { name: string; value: string };

/**
 * `NAME=VALUE …`, or the old form `NAME VALUE` with everything behind the first blank as the value (ENV, LABEL).
 *
 * @throws Error that says what is wrong
 */
export function splitPairs(text: string, escape: string): Pair[] {
  const words = splitWords(text, escape);
  const [first = ""] = words;
  if (!first.includes("=")) {
    const [, name = "", value] = /^(\S+)\s+([\s\S]+)$/.exec(text) ?? [];
    if (value === undefined) throw new Error(`${JSON.stringify(text)} has no value`);
    return [{ name, value }];
  }
  return words.map((word) => {
    const at = word.indexOf("=");
    if (at < 1) throw new Error(`${JSON.stringify(word)} is no NAME=VALUE`);
    return { name: word.slice(0, at), value: word.slice(at + 1) };
  });
}
