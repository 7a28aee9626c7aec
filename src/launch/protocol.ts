/**
 * What passes between the engine and a container that is being born, over one socket: descriptor 3 of monitor and PID 1.
 *
 *   engine                     monitor                      PID 1
 *     │ ── length, plan ────────► │                            │
 *     │ ◄── forked, pid ───────── │ ── fork ─────────────────► │
 *     │ ── “g”: go ──────────────────────────────────────────► │
 *     │ ◄── terminal, fd ───────────────────────────────────── │   (where one was asked for)
 *     │ ── “t”: taken ───────────────────────────────────────► │
 *     │ ◄── next, step ────────── │ ────────────────────────── │   (--step: before each; the answer is “y” or “q”)
 *     │ ◄── failed, step, -errno ───────────────────────────── │   (or the monitor; then no "executed")
 *     │ ◄── executed ──────────── │ ◄─ a pipe closes by execve ┘
 *     │ ◄── ended, status ─────── │ wait4(PID 1)
 *
 * A message is 32 bytes, little-endian: u32 kind, u32 step, i64 value, struct timespec (CLOCK_MONOTONIC).
 */
export const kinds = {
  /** The monitor has forked; value: PID 1 as the host sees it. */
  forked: 1,
  /** A step failed; value: -errno, step: the step's offset in the table. */
  failed: 2,
  /** PID 1 has ended; value: its wait status. */
  ended: 3,
  /** A terminal is open; step: its master's descriptor in PID 1. */
  terminal: 4,
  /** A step is done (`--explain`, `--step`); value: its result, step: its number in the plan. */
  done: 5,
  /** The command runs. */
  executed: 6,
  /** `--step`: the reference executor asks whether it may take this step; the answer is “y” or “q”. */
  next: 7,
} as const;

export type MessageKind = keyof typeof kinds;
export type Note = { kind: MessageKind; step: number; value: number; nanoseconds: number };

const names = new Map<number, MessageKind>(
  Object.entries(kinds).map(([name, n]) => [n, name as MessageKind]),
);
/** Of a message, in bytes. */
export const SIZE = 32;

/** Cuts a stream of bytes into messages; a piece that is not whole yet waits for its rest. */
export class MessageReader {
  #rest = new Uint8Array(0);

  *read(chunk: Uint8Array): Generator<Note> {
    const bytes = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    for (; at + SIZE <= bytes.length; at += SIZE) yield decodeNote(bytes, at);
    this.#rest = bytes.slice(at);
  }
}

/** The message that begins at this byte. Throws where it is none. */
export function decodeNote(bytes: Uint8Array, at = 0): Note {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, SIZE);
  const kind = names.get(view.getUint32(0, true));
  if (!kind) throw new Error(`launch: a message of unknown kind ${view.getUint32(0, true)}`);
  return {
    kind,
    step: view.getUint32(4, true),
    // Where the kernel stores an int (a pid, a wait status), the upper half is what was there: take the lower one.
    value: view.getInt32(8, true),
    nanoseconds: view.getInt32(16, true) * 1e9 + view.getInt32(24, true),
  };
}

/** The same 32 bytes, for the reference executor, which writes them from TypeScript. */
export function encodeNote(
  kind: MessageKind,
  step: number,
  value: number,
  nanoseconds = 0,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(SIZE));
  view.setUint32(0, kinds[kind], true);
  view.setUint32(4, step, true);
  view.setBigInt64(8, BigInt(value), true);
  view.setBigInt64(16, BigInt(Math.floor(nanoseconds / 1e9)), true);
  view.setBigInt64(24, BigInt(nanoseconds % 1e9), true);
  return new Uint8Array(view.buffer);
}
