import { flagText } from "../abi/flags.ts";
import { signatures, type Fd, type Kind, type Struct, type Values } from "./signatures.ts";
import type { Step } from "./step.ts";

/** A step as strace(1) would print it: `mount("proc", "proc", "proc", MS_NOSUID|MS_NODEV, NULL)`. */
export const formatStep = (step: Step): string => `${step.call}(${callArguments(step)})`;

/** The arguments of a step, as they stand between the parentheses. */
export function callArguments(step: Step): string {
  if (step.call === "meet") return step.at;
  if (step.call === "reap") return "";
  const fields = step as unknown as Record<string, unknown>;
  const parameters = Object.entries(signatures[step.call]) as [string, Kind][];
  return parameters.map(([name, kind]) => formatArgument(kind, fields[name])).join(", ");
}

const quote = (value: string | null): string => (value === null ? "NULL" : JSON.stringify(value));

function formatArgument(kind: Kind, value: unknown): string {
  if (Array.isArray(value)) {
    return kind === "strings" ? `[${value.map(quote).join(", ")}]` : flagText(value as string[]);
  }
  switch (kind) {
    case "text":
      return quote(value as string | null);
    case "fd": {
      const fd = value as Fd;
      return typeof fd === "object" ? `<${fd.stored}>` : String(fd);
    }
    case "mode":
      return `0${(value as number).toString(8)}`;
    case "struct":
    case "filter":
      return value === null ? "NULL" : (value as Struct).text;
    case "attr":
      return formatAttr(value as Values["attr"]);
    case "int":
      return value === 0xffffffff ? "~0U" : String(value);
    default:
      return String(value);
  }
}

const formatAttr = ({ set, clr, propagation }: Values["attr"]): string =>
  `{attr_set=${flagText(set)}${clr.length ? `, attr_clr=${flagText(clr)}` : ""}, propagation=${flagText(propagation)}}`;
