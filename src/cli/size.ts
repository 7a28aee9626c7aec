/** Bytes as docker prints memory: binary units, four digits at most. */
export const binarySize = (bytes: number): string =>
  scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);

/** Bytes as docker prints traffic: decimal units. */
export const decimalSize = (bytes: number): string =>
  scaled(bytes, 1000, ["B", "kB", "MB", "GB", "TB"]);

function scaled(bytes: number, step: number, units: readonly string[]): string {
  let value = bytes;
  let i = 0;
  for (; value >= step && i < units.length - 1; i++) value /= step;
  return `${Number(value.toPrecision(4))}${units[i]}`;
}
