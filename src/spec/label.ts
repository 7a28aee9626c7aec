import { invalid } from "../abi/error.ts";
import { quote } from "./values.ts";

/** `KEY[=VALUE]`. @throws KontenerError `INVALID` */
export function parseLabel(flag: string, text: string): [key: string, value: string] {
  const [key = "", ...rest] = text.split("=");
  if (key === "") throw invalid(`${flag} ${quote(text)} has no key`, `${flag} KEY=VALUE`);
  return [key, rest.join("=")];
}
