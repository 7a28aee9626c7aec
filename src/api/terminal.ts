import { ReadStream } from "node:tty";
import { ioctlRequests } from "../abi/ioctl.ts";
import { call, memory, tryCall } from "../linux/libc.ts";
import { takeDescriptor } from "../linux/pidfd.ts";
import type { ByteStream } from "./streams.ts";

/** Characters: 80 and 24 are what programs expect that do not ask. */
export type TerminalSize = { cols: number; rows: number };

/** ^D: to a terminal in its usual mode the end of what is typed (termios(3), VEOF). */
const END_OF_INPUT = "\x04";

/** The outer end of a command's terminal (pty(7)), the box's own devpts: `tty` there says /dev/pts/0. */
export class Terminal {
  /** What is printed, both outputs in one; "\n" comes as "\r\n". Ends when the last program has closed the other end. */
  readonly stdout: ByteStream;
  readonly #master: number;
  #open = true;

  /** Takes descriptor `fd` of process `pid`, the command while it is being started. */
  constructor(pid: number, fd: number, size: TerminalSize) {
    this.#master = takeDescriptor(pid, fd);
    this.resize(size);
    const reader = new ReadStream(this.#master); // closes the descriptor
    this.stdout = new ReadableStream({
      start: (controller) => {
        reader.pause();
        reader.on("data", (data: Buffer) => {
          controller.enqueue(new Uint8Array(data));
          if ((controller.desiredSize ?? 0) <= 0) reader.pause();
        });
        const end = (): void => {
          if (this.#open) controller.close();
          this.#open = false;
          reader.destroy();
        };
        reader.on("end", end);
        reader.on("close", end);
        reader.on("error", end); // EIO: that end is closed
      },
      pull: () => void reader.resume(),
      cancel: () => {
        this.#open = false;
        reader.destroy();
      },
    });
  }

  /** struct winsize of ioctl_tty(2): rows, columns, and two pixels that nobody uses. The programs get SIGWINCH. */
  resize({ cols, rows }: TerminalSize): void {
    if (!this.#open) return;
    const size = new Uint16Array(memory(8).buffer);
    size.set([rows, cols]);
    call("ioctl", this.#master, ioctlRequests.TIOCSWINSZ, new Uint8Array(size.buffer));
  }

  /** As typed. A full line discipline drops input (termios(3)), so what does not fit now is tried again a little later. */
  async write(data: string | ArrayBuffer | ArrayBufferView): Promise<void> {
    const bytes = bytesOf(data);
    for (let at = 0; at < bytes.length && this.#open;) {
      const written = tryCall("write", this.#master, bytes.subarray(at), bytes.length - at);
      if (written > 0) at += written;
      else await Bun.sleep(5);
    }
  }

  /** No more will be typed. */
  async end(): Promise<void> {
    await this.write(END_OF_INPUT);
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === "string") return new TextEncoder().encode(data);
  return data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
