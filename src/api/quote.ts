import { invalid } from "../abi/error.ts";

/** What can stand in a command of `$`. A list becomes several words; `{ raw }` is shell text as it is. */
export type ShellValue =
  | string
  | number
  | bigint
  | boolean
  | readonly ShellValue[]
  | { readonly raw: string }
  | { toString(): string };

/** One word for sh(1), whatever is in it: single quotes, which only a single quote ends (POSIX, XCU 2.2.2). */
export const quoteWord = (text: string): string =>
  /^[\w@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * A template's text as one command for sh(1): every value is quoted.
 *
 * @throws KontenerError INVALID for a value that is `undefined`, has a NUL byte, or stands between quotes, where the quotes
 *   that it gets would not protect it
 */
export function shellText(pieces: readonly string[], values: readonly unknown[]): string {
  let text = "";
  for (const [i, piece] of pieces.entries()) {
    text += piece;
    if (i >= values.length) break;
    const value = values[i];
    if (!isRaw(value)) refuseQuotes(text);
    text += words(value);
  }
  if (text.includes("\0")) throw invalid("$: the command has a NUL byte in it");
  return text;
}

function words(value: unknown): string {
  if (Array.isArray(value)) return value.map(words).join(" ");
  if (isRaw(value)) return value.raw;
  const plain =
    value === null ||
    value === undefined ||
    typeof value === "function" ||
    typeof value === "symbol" ||
    (typeof value === "object" && String(value) === "[object Object]");
  if (plain)
    throw invalid(
      `$: a value is ${typeof value === "object" && value ? "an object" : String(value)}`,
      "values are texts, numbers, lists of them, outputs of other commands, or { raw: text }",
    );
  return quoteWord(String(value));
}

const isRaw = (value: unknown): value is { raw: string } =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  typeof (value as { raw?: unknown }).raw === "string";

function refuseQuotes(before: string): void {
  const open = openQuote(before);
  if (open === undefined) return;
  throw invalid(
    `$: a value stands between ${open} quotes, after ${JSON.stringify(before.slice(-30))}`,
    "leave out the quotes: each value is one word, quoted by itself",
  );
}

/** The kind of quotes that is open at the end of a shell text: POSIX, XCU 2.2. Here-documents are not looked into. */
export function openQuote(text: string): "single" | "double" | undefined {
  const stack: ("single" | "double" | "paren")[] = [];
  for (let i = 0; i < text.length; i++) {
    const inside = stack.at(-1);
    const c = text[i]!;
    if (inside === "single") {
      if (c === "'") stack.pop();
    } else if (c === "\\") i++;
    else if (c === '"') {
      if (inside === "double") stack.pop();
      else stack.push("double");
    } else if (c === "$" && text[i + 1] === "(") {
      stack.push("paren"); // a command of its own, with quotes of its own
      i++;
    } else if (inside === "double") continue;
    else if (c === "'") stack.push("single");
    else if (c === "(") stack.push("paren");
    else if (c === ")" && inside === "paren") stack.pop();
    else if (c === "#" && /(^|[\s;&|(])$/.test(text.slice(0, i))) {
      const end = text.indexOf("\n", i); // a comment: an apostrophe in it opens nothing
      if (end === -1) break;
      i = end;
    }
  }
  const last = stack.at(-1);
  return last === "paren" ? undefined : last;
}
