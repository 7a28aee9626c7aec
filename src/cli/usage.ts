import { flagGroups, type Flag } from "./flags.ts";
import { painter, wantsColour } from "./terminal.ts";

/** `--help` of run and sh: their flags by subject, from the table that parses them. */
export async function printRunUsage(synopsis: string, purpose: string): Promise<void> {
  const { bold, cyan } = await painter(wantsColour(1));
  const lines = [purpose, "", `${bold("Usage")} ${cyan(`kontener ${synopsis}`)}`];
  const width = Math.max(
    ...Object.values(flagGroups)
      .flat()
      .map((flag) => spelling(flag).length),
  );
  for (const [title, flags] of Object.entries(flagGroups)) {
    lines.push("", bold(title));
    for (const flag of flags) lines.push(`  ${cyan(spelling(flag).padEnd(width))}  ${note(flag)}`);
  }
  console.log(lines.join("\n"));
}

const spelling = ({ name, short, value }: Flag): string =>
  `${short ? `-${short}, ` : "    "}--${name}${value === undefined ? "" : ` ${value}`}`;

const note = ({ help, repeatable }: Flag): string => help + (repeatable ? " (repeatable)" : "");
