import { invalid } from "../../abi/error.ts";

/** Go's notion of a value that counts as true: not zero, not empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value !== null && typeof value === "object") return Object.keys(value).length > 0;
  return Boolean(value);
}

/** As Go prints values with %v. */
export function print(value: unknown): string {
  if (value === null || value === undefined) return "<no value>";
  if (Array.isArray(value)) return `[${value.map(print).join(" ")}]`;
  if (typeof value === "object") {
    const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${pairs.map(([key, item]) => `${key}:${print(item)}`).join(" ")}]`;
  }
  return String(value as string | number | boolean);
}

const wrong = (text: string): Error => invalid(`--format: ${text}`);

function textOf(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw wrong(`${name} wants a text, not ${print(value)}`);
}

function listOf(name: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  throw wrong(`${name} wants a list, not ${print(value)}`);
}

/** `-1`, `0` or `1`. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === typeof b && (typeof a === "number" || typeof a === "string"))
    return a === b ? 0 : a < (b as typeof a) ? -1 : 1;
  throw wrong(`${print(a)} and ${print(b)} cannot be compared`);
}

function index(value: unknown, ...keys: unknown[]): unknown {
  let found = value;
  for (const key of keys) {
    if (typeof found !== "object" || found === null) return null;
    const name = String(key as string | number);
    if (Array.isArray(found) && !Object.hasOwn(found, name))
      throw wrong(`index ${name} is out of a list of ${found.length}`);
    found = Object.hasOwn(found, name) ? (found as Record<string, unknown>)[name] : "";
  }
  return found;
}

/** %s %d %v %q %%, with a width. */
function printf(format: unknown, ...args: unknown[]): string {
  const left = [...args];
  return textOf("printf", format).replace(/%(-?)(\d*)([sdvq%])/g, (_, minus, width, verb) => {
    if (verb === "%") return "%";
    if (left.length === 0) throw wrong(`printf ${JSON.stringify(format)} wants more values`);
    const value = left.shift();
    const text = verb === "q" ? JSON.stringify(print(value)) : print(value);
    return minus ? text.padEnd(Number(width)) : text.padStart(Number(width));
  });
}

type TemplateFunction = (...args: unknown[]) => unknown;

/** docker's functions, and those of Go's that its users reach for. */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  json: (value) => JSON.stringify(value ?? null),
  join: (list, separator) => listOf("join", list).map(print).join(textOf("join", separator)),
  split: (text, separator) => textOf("split", text).split(textOf("split", separator)),
  upper: (text) => textOf("upper", text).toUpperCase(),
  lower: (text) => textOf("lower", text).toLowerCase(),
  title: (text) => textOf("title", text).replace(/(?<!\p{L})\p{Ll}/gu, (c) => c.toUpperCase()),
  truncate: (text, length) => textOf("truncate", text).slice(0, Number(length)),
  pad: (text, before, after) =>
    " ".repeat(Number(before)) + textOf("pad", text) + " ".repeat(Number(after)),
  println: (...values) => `${values.map(print).join(" ")}\n`,
  print: (...values) => values.map(print).join(" "),
  printf,
  index,
  len: (value) =>
    typeof value === "string" || Array.isArray(value)
      ? value.length
      : Object.keys((value ?? {}) as object).length,
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
  not: (value) => !isTrue(value),
  eq: (first, ...others) => others.some((other) => other === first),
  ne: (a, b) => a !== b,
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
};
