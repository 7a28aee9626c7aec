/** Columns as wide as their widest cell, three spaces apart, as docker prints them. */
export function formatTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const all = [titles, ...rows];
  const widths = titles.map((_, i) => Math.max(...all.map((row) => Bun.stringWidth(row[i] ?? ""))));
  const pad = (text: string, width: number) => text + " ".repeat(width - Bun.stringWidth(text));
  return all
    .map((row) =>
      row
        .map((cell, i) => pad(cell, widths[i]!))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}
