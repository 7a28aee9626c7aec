import { dlopen, FFIType, ptr, toArrayBuffer, type Pointer } from "bun:ffi";
import { errnos } from "../abi/errno.ts";
import { SyscallError } from "../abi/error.ts";
import { AT_FDCWD } from "../abi/open.ts";
import { archOf, syscallNumber, type SyscallName } from "../abi/syscall.ts";

/** What a system call takes here: numbers, text (sent NUL-terminated), memory, or a null pointer. */
export type SyscallArgument = number | string | Uint8Array | null;

const i64 = FFIType.i64_fast;
// glibc's name, then musl's for the two architectures.
const names = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/** Opens the C library with the given symbols: the only dlopen of the project. */
export function openLibc<const T extends Parameters<typeof dlopen>[1]>(symbols: T) {
  let first: unknown;
  for (const name of names) {
    try {
      return dlopen(name, symbols).symbols;
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

const libc = openLibc({
  syscall: { args: [i64, i64, i64, i64, i64, i64, i64], returns: i64 },
  __errno_location: { args: [], returns: FFIType.ptr },
});

const arch = archOf(process.arch);
const text = new TextEncoder();
let errnoView: Int32Array | undefined;

/** The calling thread's errno: meaningful straight after a call that returned -1, stale after a success. */
export function errno(): number {
  errnoView ??= new Int32Array(toArrayBuffer(libc.__errno_location() as Pointer, 0, 4));
  return errnoView[0]!;
}

/** Memory whose address stays put: the buffer of a small `new Uint8Array(n)` may move when it is touched. */
export const memory = (size: number): Uint8Array => new Uint8Array(new ArrayBuffer(size));

/** Texts of one call lie here, one behind the other: memory of its own for each would cost more than most calls. */
const [ARENA, NUL] = [1 << 16, "\0"];
let arena: { bytes: Buffer; address: number } | undefined;

/** Text as C wants it. */
export function cstring(value: string): Uint8Array {
  const bytes = memory(value.length * 3 + 1);
  return bytes.subarray(0, text.encodeInto(value, bytes).written + 1);
}

function newArena(): { bytes: Buffer; address: number } {
  const buffer = new ArrayBuffer(ARENA);
  return { bytes: Buffer.from(buffer), address: ptr(buffer) };
}

const show = (a: SyscallArgument, i: number): string =>
  typeof a === "string"
    ? JSON.stringify(a)
    : a === null
      ? "NULL"
      : a instanceof Uint8Array
        ? `<${a.length} bytes>`
        : i === 0 && a === AT_FDCWD
          ? "AT_FDCWD"
          : String(a);

/**
 * Makes a system call; the result, or minus the error number. One that a signal has interrupted is made again, as in Go and
 * Rust: the garbage collector and profilers stop threads by signals, and v1's memory.limit_in_bytes gives up at any. But
 * not close(2), which has closed all the same.
 */
export function tryCall(name: SyscallName, ...args: readonly SyscallArgument[]): number {
  const keep: Uint8Array[] = []; // alive until the call returns
  const values = [0, 0, 0, 0, 0, 0];
  let used = 0;
  for (let i = 0; i < args.length; i++) {
    const a = args[i]!;
    if (typeof a === "number") values[i] = a;
    else if (typeof a === "string" && used + 3 * a.length < ARENA) {
      arena ??= newArena();
      values[i] = arena.address + used;
      used += arena.bytes.write(a + NUL, used);
    } else if (a !== null) {
      const bytes = typeof a === "string" ? cstring(a) : a;
      keep.push(bytes);
      values[i] = bytes.length ? ptr(bytes) : 0;
    }
  }
  const [a, b, c, d, e, f] = values as [number, number, number, number, number, number];
  const number = syscallNumber(name, arch);
  for (;;) {
    const result = Number(libc.syscall(number, a, b, c, d, e, f));
    if (result !== -1) return result;
    const error = errno();
    if (error !== errnos.EINTR || name === "close") return -error;
  }
}

/** Makes a system call and throws {@link SyscallError} where it fails. */
export function call(name: SyscallName, ...args: readonly SyscallArgument[]): number {
  const result = tryCall(name, ...args);
  if (result < 0) throw failure(result, name, ...args);
  return result;
}

/** The error for what {@link tryCall} has returned. */
export const failure = (
  result: number,
  name: SyscallName,
  ...args: readonly SyscallArgument[]
): SyscallError =>
  new SyscallError({ call: name, args: args.map(show).join(", "), errno: -result });
