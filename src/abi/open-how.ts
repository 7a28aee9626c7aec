/** How openat2(2) may walk a path (linux/openat2.h). */
export const resolveFlags = {
  RESOLVE_NO_XDEV: 0x01,
  RESOLVE_NO_MAGICLINKS: 0x02,
  RESOLVE_NO_SYMLINKS: 0x04,
  RESOLVE_BENEATH: 0x08,
  /** The directory is "/" for the walk: absolute links and ".." stay below it. */
  RESOLVE_IN_ROOT: 0x10,
} as const;

export const SIZE_OF_OPEN_HOW = 24;

/** `struct open_how`: u64 flags, u64 mode, u64 resolve. */
export function encodeOpenHow(how: { flags: number; mode?: number; resolve: number }): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(SIZE_OF_OPEN_HOW));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(how.flags), true);
  view.setBigUint64(8, BigInt(how.mode ?? 0), true);
  view.setBigUint64(16, BigInt(how.resolve), true);
  return bytes;
}
