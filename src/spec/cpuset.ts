import { invalid } from "../abi/error.ts";
import { quote } from "./values.ts";

/** `0-3,7`: a list of processors or memory nodes (cpuset(7), "List format"), from text to the same text. */
export function parseCpuset(flag: string, text: string): string {
  const good = text.split(",").every((part) => {
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part) ?? [];
    return first !== undefined && Number(first) <= Number(last);
  });
  if (!good)
    throw invalid(`${flag} ${quote(text)} is not a list of numbers`, `for example ${flag} 0-2,5`);
  return text;
}
