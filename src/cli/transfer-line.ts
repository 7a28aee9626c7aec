import type { TransferEvent } from "../image/content.ts";
import { decimalSize } from "./size.ts";

/** What is known of a layer on its way. */
export type Layer = {
  digest: string;
  size: number;
  received: number;
  /** What is going on, in a word or two. */
  state: string;
  done: boolean;
};

/** Takes an event into the picture; returns the layer that it is about. */
export function follow(layers: Map<string, Layer>, event: TransferEvent): Layer | undefined {
  const { digest } = event;
  if (event.type === "layer") {
    const { size, state } = event;
    const before = layers.get(digest);
    if (before?.done) return undefined; // "exists" is told to be done as well
    const done = state === "exists" || state === "done";
    const received = before?.received ?? 0;
    const layer = {
      digest,
      size,
      received: done || state === "unpacked" ? size : received,
      state: state === "exists" ? "there already" : state === "started" ? "" : state,
      done,
    };
    layers.set(digest, layer);
    return layer;
  }
  const layer = layers.get(digest);
  if (!layer) return undefined;
  if (event.type === "bytes") Object.assign(layer, { received: event.received, state: "" });
  else layer.state = `again: ${event.reason}`;
  return layer;
}

const name = ({ digest }: Layer): string => digest.replace(/^\w+:/, "").slice(0, 12);

/** The line that an event is worth where there is no terminal. */
export function transferWord(event: TransferEvent, layer: Layer): string | undefined {
  if (event.type === "retry") return `${name(layer)}  trying again: ${event.reason}`;
  return layer.done && event.type === "layer"
    ? `${name(layer)}  ${decimalSize(layer.size)}  ${layer.state}`
    : undefined;
}

const BAR = 24;

/** `a3ed95caeb02  ██████████░░░░░░░░░░░░░░  12.3MB of 40.1MB` */
export function transferLine(layer: Layer, columns: number): string {
  const { size, received, state, done } = layer;
  const full = Math.round(BAR * Math.min(1, size === 0 ? 1 : received / size));
  const bar = "█".repeat(full) + "░".repeat(BAR - full);
  const amount = done ? decimalSize(size) : `${decimalSize(received)} of ${decimalSize(size)}`;
  return `${name(layer)}  ${bar}  ${amount}  ${state}`.trimEnd().slice(0, columns);
}
