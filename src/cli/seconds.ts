import { invalid } from "../abi/error.ts";
import { quote } from "../spec/values.ts";

/** A whole number of seconds; -1 is for ever. */
export function parseSeconds(flag: string, text: string): number {
  if (/^(\d{1,9}|-1)$/.test(text)) return Number(text);
  throw invalid(`${flag} ${quote(text)} is not a number of seconds`, "-1 is for ever");
}
