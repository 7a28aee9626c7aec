import { invalid } from "../abi/error.ts";
import { quote } from "./values.ts";

/** docker's rule for names. @throws KontenerError `INVALID` */
export function checkVolumeName(name: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,200}$/.test(name)) return;
  throw invalid(
    `${quote(name)} is not a volume's name`,
    "use letters, digits, dots, dashes and underscores, a letter or digit first; a path begins with / or .",
  );
}
