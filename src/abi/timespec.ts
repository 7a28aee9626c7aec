/** A point in time: whole seconds since 1970, may be negative, and nanoseconds after it (timespec(3type)). */
export type Timespec = { seconds: number; nanoseconds: number };

const SIZE_OF_TIMESPEC = 16;

/** What utimensat(2) takes: `struct timespec[2]`, access time and modification time, here the same. */
export function encodeTimes({ seconds, nanoseconds }: Timespec): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(2 * SIZE_OF_TIMESPEC));
  const view = new DataView(bytes.buffer);
  for (const at of [0, SIZE_OF_TIMESPEC]) {
    view.setBigInt64(at, BigInt(seconds), true);
    view.setBigInt64(at + 8, BigInt(nanoseconds), true);
  }
  return bytes;
}

/** Of stat(2)'s nanoseconds since 1970, as node:fs has them. */
export function timespecOf(total: bigint): Timespec {
  const nanoseconds = ((total % BILLION) + BILLION) % BILLION;
  return { seconds: Number((total - nanoseconds) / BILLION), nanoseconds: Number(nanoseconds) };
}

const BILLION = 1_000_000_000n;
