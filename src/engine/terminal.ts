import { ReadStream } from "node:tty";
import { ioctlRequests } from "../abi/ioctl.ts";
import { call, memory, tryCall } from "../linux/libc.ts";
import { takeDescriptor } from "../linux/pidfd.ts";
import { enterRawMode } from "../linux/termios.ts";

/**
 * The engine's side of a container's terminal: what is typed goes in, what is printed comes out, the size follows the
 * user's. The user's terminal is raw meanwhile, so that ^C, ^D and ^Z are the container's, and as before at the end.
 */
export class TerminalBridge implements AsyncDisposable {
  readonly #master: number;
  readonly #output: ReadStream;
  readonly #drained: Promise<void>;
  readonly #interactive: boolean;
  readonly #resize = () => this.#copySize();
  readonly #typed = (data: Buffer) => this.#write(data);
  readonly #restore: () => void;

  /** Takes the terminal's master, descriptor `fd` of process `pid`. `interactive`: standard input goes in. */
  constructor(pid: number, fd: number, interactive: boolean) {
    this.#master = takeDescriptor(pid, fd);
    this.#interactive = interactive;
    this.#copySize();
    this.#output = new ReadStream(this.#master);
    this.#drained = new Promise((resolve) => {
      this.#output.on("data", (data) => void process.stdout.write(data));
      this.#output.on("end", resolve);
      this.#output.on("close", resolve);
      this.#output.on("error", () => resolve()); // EIO: the last program has closed the other end (pty(7))
    });
    process.stdout.on("resize", this.#resize);
    this.#restore = interactive ? enterRawMode(0) : enterRawMode(1, true);
    process.on("exit", this.#restore);
    if (interactive) {
      process.stdin.on("data", this.#typed);
      process.stdin.resume();
    }
  }

  #write(data: Uint8Array): void {
    for (let at = 0; at < data.length;) {
      const written = tryCall("write", this.#master, data.subarray(at), data.length - at);
      if (written <= 0) return; // the container has ended, or nobody reads: a line discipline drops input as well
      at += written;
    }
  }

  /** struct winsize of ioctl_tty(2): rows, columns, and two pixels that nobody uses. */
  #copySize(): void {
    const { rows, columns } = process.stdout;
    if (!rows || !columns) return;
    const size = new Uint16Array(memory(8).buffer);
    size.set([rows, columns]);
    call("ioctl", this.#master, ioctlRequests.TIOCSWINSZ, new Uint8Array(size.buffer));
  }

  /** Waits until everything that the container printed is out, then gives the user's terminal back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.race([this.#drained, Bun.sleep(1000)]);
    await new Promise<void>((written) => process.stdout.write("", () => written()));
    process.stdout.off("resize", this.#resize);
    if (this.#interactive) {
      process.stdin.off("data", this.#typed);
      process.stdin.pause();
    }
    process.off("exit", this.#restore);
    this.#restore();
    this.#output.destroy();
  }
}
