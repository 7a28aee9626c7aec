import type { Side } from "../plan/chapters.ts";
import { painter, wantsColour } from "./terminal.ts";

/** The colours of a narration. */
export type Paint = Record<"title" | "call" | "quiet" | "shell" | Side, (text: string) => string>;

const plain = (text: string): string => text;

export const plainPaint: Paint = {
  title: plain,
  call: plain,
  quiet: plain,
  shell: plain,
  host: plain,
  monitor: plain,
  pid1: plain,
};

/** Colours for what is written to a terminal, none elsewhere. */
export async function paintFor(fd: number): Promise<Paint> {
  if (!wantsColour(fd)) return plainPaint;
  const { bold, dim, cyan, blue, magenta, green } = await painter(true);
  return {
    title: bold,
    call: bold,
    quiet: dim,
    shell: cyan,
    host: blue,
    monitor: magenta,
    pid1: green,
  };
}
