import { writeSync } from "node:fs";

/** Length, then plan. A socket's buffer holds an ordinary plan whole; a longer one is written as room comes. */
export async function send(fd: number, bytes: Uint8Array): Promise<void> {
  const message = new Uint8Array(8 + bytes.length);
  new DataView(message.buffer).setUint32(0, bytes.length, true);
  message.set(bytes, 8);
  for (let at = 0; at < message.length;) {
    try {
      at += writeSync(fd, message, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      await Bun.sleep(1);
    }
  }
}
