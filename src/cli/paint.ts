import type { Side } from "../plan/chapters.ts";

type Colour = (text: string) => string;

/** The colours of a narration. */
export type Paint = Record<"title" | "call" | "quiet" | "shell" | Side, Colour>;

const plain: Colour = (text) => text;

export const plainPaint: Paint = {
  title: plain,
  call: plain,
  quiet: plain,
  shell: plain,
  host: plain,
  monitor: plain,
  pid1: plain,
};

/** Colours for a terminal; none where there is no terminal or NO_COLOR is set (no-color.org). */
export async function paintFor(stream: { isTTY?: boolean }): Promise<Paint> {
  if (!stream.isTTY || process.env["NO_COLOR"]) return plainPaint;
  const { $, bold, dim, cyan, blue, magenta, green } = await import("kleur/colors");
  $.enabled = true; // kleur looks at standard output, and this is about another stream
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
