import { readFileSync } from "node:fs";

const PT_INTERP = 3;

/**
 * The program that the kernel starts in place of a dynamic one, to load it: one, by the name in its program header (elf(5)).
 * Who chooses the file of that name runs their own code as that program.
 */
export function loadersOf(program: string): string[] {
  const file = readFileSync(program);
  const [offset, size, count] = [
    file.readUInt32LE(32),
    file.readUInt16LE(54),
    file.readUInt16LE(56),
  ];
  return Array.from({ length: count }, (_, i) => offset + i * size)
    .filter((header) => file.readUInt32LE(header) === PT_INTERP)
    .map((header) => {
      const [at, length] = [file.readUInt32LE(header + 8), file.readUInt32LE(header + 32)];
      return file.toString("latin1", at, at + length - 1); // without its NUL
    });
}
