import { BASE } from "./memory.ts";

/**
 * A plan that is laid out for the launcher with blanks in it, so that the next container of the same kind needs no plan:
 * only its id, its host name and its command are filled in. Making a plan and laying it out is 7 ms of a cold start.
 */
export const blanks = {
  /** As long as what takes its place: an id has twelve digits. */
  id: "~".repeat(12),
  /** As long as a random host name: `mini-` and five letters. */
  hostname: `mini-${"~".repeat(5)}`,
  /** Its length says nothing: commands are laid out anew, behind everything else. */
  command: "~~command~~",
} as const;

export type Fill = { id: string; hostname: string; argv: readonly string[] };

/** One execve of the command: the offset of its step, and the directory of PATH in which it looks, with a slash. */
export type Search = { at: number; directory: string };
export type Stencil = { table: Uint8Array; searches: Search[] };

const [PATHNAME, ARGV] = [16, 24]; // offsets in a step: its first two arguments
const encoder = new TextEncoder();

/** Blanks in text: JSON of steps and specifications. */
export const fillText = (text: string, { id, hostname }: Fill): string =>
  text.replaceAll(blanks.id, id).replaceAll(blanks.hostname, hostname);

/** Blanks in a table of `table.ts`; a copy. */
export function fillTable(stencil: Stencil, { id, hostname, argv }: Fill): Uint8Array {
  const { table: blank, searches } = stencil;
  const [command = ""] = argv;
  const names = searches.map(({ directory }) =>
    command.includes("/") ? command : directory + command,
  );
  const room = [...names, ...argv].reduce((sum, text) => sum + 3 * text.length + 16, 8);
  const table = Buffer.alloc(blank.length + room);
  table.set(blank);
  replaceAll(table, blanks.id, id);
  replaceAll(table, blanks.hostname, hostname);
  let end = (blank.length + 7) & ~7;
  const take = (size: number): number => {
    const at = end;
    end = (at + size + 7) & ~7;
    return at;
  };
  const text = (value: string): number => {
    const bytes = encoder.encode(`${value}\0`);
    const at = take(bytes.length);
    table.set(bytes, at);
    return BASE + at;
  };
  const pointers = argv.map(text);
  const list = take(8 * (argv.length + 1)); // a null pointer ends it
  pointers.forEach((pointer, i) => table.writeUInt32LE(pointer, list + 8 * i));
  searches.forEach(({ at }, i) => {
    table.writeUInt32LE(text(names[i]!), at + PATHNAME);
    table.writeUInt32LE(BASE + list, at + ARGV);
  });
  return table.subarray(0, end);
}

function replaceAll(table: Buffer, blank: string, value: string): void {
  for (let at = table.indexOf(blank); at >= 0; at = table.indexOf(blank, at))
    table.write(value, at, "latin1");
}
