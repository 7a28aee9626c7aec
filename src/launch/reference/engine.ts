import { memory, tryCall } from "../../linux/libc.ts";
import { ENGINE_FD } from "../program.ts";
import { encodeNote, type MessageKind } from "../protocol.ts";
import { decodeRequest, type Request } from "./request.ts";

/** The engine, as monitor and PID 1 see it: the other end of descriptor 3. */

const CLOCK_MONOTONIC = 1;

/** Ends this process at once, without Bun's own farewell. */
export function exit(code: number): never {
  tryCall("exit_group", code);
  throw new Error("exit_group returned");
}

/** Sends a message, with the time. */
export function tell(kind: MessageKind, step = 0, value = 0): void {
  const time = memory(16);
  tryCall("clock_gettime", CLOCK_MONOTONIC, time);
  const view = new DataView(time.buffer);
  const nanoseconds = view.getInt32(0, true) * 1e9 + view.getInt32(8, true);
  const note = encodeNote(kind, step, value, nanoseconds);
  tryCall("write", ENGINE_FD, note, note.length);
}

/** What came before it was asked for: PID 1 may be told to go while it still waits for leave to take that step. */
const early: string[] = [];

/** One of the expected bytes from the engine; without an engine there is nothing to go on for. */
export function hear(expected: string): string {
  const known = early.findIndex((byte) => expected.includes(byte));
  if (known >= 0) return early.splice(known, 1)[0]!;
  const bytes = memory(1);
  for (;;) {
    if (tryCall("read", ENGINE_FD, bytes, 1) !== 1) exit(125);
    const byte = String.fromCharCode(bytes[0]!);
    if (expected.includes(byte)) return byte;
    early.push(byte);
  }
}

/** `--step`: asks for leave to take a step. */
export function mayGoOn(number: number): boolean {
  tell("next", number);
  return hear("yq") === "y";
}

/** Length (eight bytes, little-endian), then the request. */
export function receive(): Request {
  const exactly = (size: number): Uint8Array => {
    const bytes = memory(size);
    for (let at = 0; at < size;) {
      const count = tryCall("read", ENGINE_FD, bytes.subarray(at), size - at);
      if (count <= 0) exit(125);
      at += count;
    }
    return bytes;
  };
  return decodeRequest(exactly(new DataView(exactly(8).buffer).getUint32(0, true)));
}
