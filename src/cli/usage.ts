import { flagGroups, type Flag } from "./flags.ts";
import { painter, wantsColour } from "./terminal.ts";

/** `--help` of run and sh: their flags by subject. */
export const printRunUsage = (synopsis: string, purpose: string): Promise<void> =>
  printUsage(synopsis, purpose, flagGroups);

/** `--help` of a verb, from the table that parses its flags. */
export async function printUsage(
  synopsis: string,
  purpose: string,
  groups: Readonly<Record<string, readonly Flag[]>>,
): Promise<void> {
  const { bold, cyan } = await painter(wantsColour(1));
  const lines = [purpose, "", `${bold("Usage")} ${cyan(`kontener ${synopsis}`)}`];
  const width = Math.max(
    ...Object.values(groups)
      .flat()
      .map((flag) => spelling(flag).length),
  );
  for (const [title, flags] of Object.entries(groups)) {
    lines.push("", bold(title));
    for (const flag of flags) lines.push(`  ${cyan(spelling(flag).padEnd(width))}  ${note(flag)}`);
  }
  console.log(lines.join("\n"));
}

const spelling = ({ name, short, value }: Flag): string =>
  `${short ? `-${short}, ` : "    "}--${name}${value === undefined ? "" : ` ${value}`}`;

const note = ({ help, repeatable }: Flag): string => help + (repeatable ? " (repeatable)" : "");
