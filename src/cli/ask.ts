import { invalid } from "../abi/error.ts";
import { enterRawMode } from "../linux/termios.ts";
import { call, memory } from "../linux/libc.ts";
import { writeError } from "./stderr.ts";
import { isTerminal } from "./terminal.ts";

/** Asks on standard error and reads a line from the terminal; a secret is not shown. */
export function ask(question: string, { secret = false } = {}): string {
  if (!isTerminal(0))
    throw invalid(
      "there is no terminal to ask for a name and a password",
      "give -u NAME and --password-stdin",
    );
  writeError(question);
  const restore = secret ? enterRawMode(0) : () => undefined;
  const bytes: number[] = [];
  try {
    for (const byte = memory(1); call("read", 0, byte, 1) > 0;) {
      const [code = 0] = byte;
      if (code === 10 || code === 13) break;
      if (code === 3) throw invalid("given up"); // ^C, which a raw terminal passes on
      if (code === 127 || code === 8) bytes.pop();
      else bytes.push(code);
    }
  } finally {
    restore();
    if (secret) writeError("\n");
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}
