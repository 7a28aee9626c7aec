/** A table of named bits, as the man page lists them. */
export type FlagTable = Readonly<Record<string, number>>;

/** The number that the named bits make together; all our tables fit into 31 bits. */
export function bits<T extends FlagTable>(table: T, names: readonly (keyof T & string)[]): number {
  let value = 0;
  for (const name of names) value |= table[name]!;
  return value;
}

/** `MS_NOSUID|MS_NODEV`, or `0` where no bit is named. */
export const flagText = (names: readonly string[]): string => names.join("|") || "0";
