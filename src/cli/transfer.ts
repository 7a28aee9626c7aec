import type { TransferEvent } from "../image/content.ts";
import { say } from "./report.ts";
import { writeError } from "./stderr.ts";
import { isTerminal } from "./terminal.ts";
import { follow, transferLine, transferWord, type Layer } from "./transfer-line.ts";

export type TransferWatch = {
  onEvent(event: TransferEvent): void;
  say(line: string): void;
  /** The last picture stays. */
  end(): void;
};

const REPAINT = 100; // ms

/** Shows a transfer on standard error: a bar per layer on a terminal, else a line per layer when it is done. */
export function watchTransfer(quiet: boolean): TransferWatch {
  if (quiet) return { onEvent: () => {}, say, end: () => {} };
  return isTerminal(2) ? bars() : lines();
}

function lines(): TransferWatch {
  const layers = new Map<string, Layer>();
  return {
    say,
    end: () => {},
    onEvent(event) {
      const layer = follow(layers, event);
      const word = layer && transferWord(event, layer);
      if (word !== undefined) writeError(`${word}\n`);
    },
  };
}

/**
 * Own code: the libraries for it have had no release for years, and this is all there is to it: as many lines up as were
 * painted, and each written anew.
 */
function bars(): TransferWatch {
  const layers = new Map<string, Layer>();
  let painted = 0;
  let timer: NodeJS.Timeout | undefined;
  const paint = () => {
    timer = undefined;
    const { columns = 80, rows = 24 } = process.stderr;
    const all = [...layers.values()];
    // What does not fit would scroll away and be painted twice: those that are done go first.
    const shown =
      all.length < rows
        ? all
        : all.toSorted((a, b) => Number(a.done) - Number(b.done)).slice(0, rows - 2);
    const text = shown.map((layer) => `\x1b[2K${transferLine(layer, columns - 1)}\n`).join("");
    writeError((painted > 0 ? `\x1b[${painted}A` : "") + text);
    painted = Math.max(painted, shown.length);
  };
  const flush = () => {
    clearTimeout(timer);
    paint();
  };
  return {
    onEvent(event) {
      follow(layers, event);
      timer ??= setTimeout(paint, REPAINT);
    },
    say(line) {
      flush();
      say(line);
      painted = 0; // the bars go on below it
    },
    end: () => layers.size > 0 && flush(),
  };
}
