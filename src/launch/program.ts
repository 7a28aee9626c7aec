import { signals } from "../abi/signal.ts";
import { syscallNumber, type Arch } from "../abi/syscall.ts";
import { assemble } from "./listing.ts";
import { kinds } from "./protocol.ts";
import { BASE, ROOM } from "./memory.ts";
import { argumentOf, NONZERO, Table, type RawStep } from "./table.ts";

/** The socket to the engine: the launcher's first descriptor after the standard ones. */
export const ENGINE_FD = 3;

const MSG_WAITALL = 0x100;
const SIG_BLOCK = 0;
const ALL_SIGNALS = [-1];

/**
 * The steps that bring a plan into the launcher: length, then everything over the table that is running. The received
 * table starts with the same steps, so that the program goes on right behind them.
 */
export function bootSteps(arch: Arch): RawStep[] {
  const nr = (name: Parameters<typeof syscallNumber>[0]) => syscallNumber(name, arch);
  const receive: RawStep = {
    nr: nr("recvfrom"),
    args: [ENGINE_FD, BASE, 0, MSG_WAITALL, 0, 0],
    flags: NONZERO,
  };
  return [
    // The monitor outlives ^C and SIGTERM; PID 1 lets signals in again before its command starts.
    { nr: nr("rt_sigprocmask"), args: [SIG_BLOCK, ALL_SIGNALS, null, 8] },
    {
      nr: nr("recvfrom"),
      args: [ENGINE_FD, argumentOf(receive, 2), 8, MSG_WAITALL, 0, 0],
      flags: NONZERO,
    },
    receive,
  ];
}

/**
 * The launcher: a static ELF program of less than a kilobyte, the same for every container. Its file is mapped twice, once
 * to execute and once to write, and the writable mapping goes on for {@link ROOM} bytes of zeros.
 */
export function launcherProgram(arch: Arch): Uint8Array {
  const boot = new Table();
  for (const step of bootSteps(arch)) boot.add(step);
  boot.label("failed");
  boot.add({ nr: syscallNumber("exit_group", arch), args: [125] });
  return elf(arch, assemble(arch), boot.layout(kinds.failed));
}

const TEXT_AT = 0x400000;
const DATA_AT = 0x500000;
const HEADERS = 64 + 3 * 56;
const TABLE_OFFSET = BASE - DATA_AT;
const MACHINE = { x86_64: 62, aarch64: 183 } as const;
const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474e551;
const [READ_EXECUTE, READ_WRITE] = [5, 6];
// arm64 kernels may use pages of 64 KiB; both segments start at offset 0, so any alignment up to that holds.
const ALIGNMENT = 0x10000;

/** An executable of elf(5), ELF64: headers, code, and at {@link TABLE_OFFSET} the table. */
function elf(arch: Arch, code: Uint8Array, table: Uint8Array): Uint8Array {
  if (HEADERS + code.length > TABLE_OFFSET)
    throw new Error("launcher: the code runs into the table");
  const size = TABLE_OFFSET + table.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // 64 bits, little-endian, version 1
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, MACHINE[arch], true);
  view.setUint32(20, 1, true);
  u64(24, TEXT_AT + HEADERS); // the entry
  u64(32, 64); // the program headers
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 3, true);
  const segment = (
    i: number,
    type: number,
    flags: number,
    at: number,
    file: number,
    memory: number,
  ) => {
    const o = 64 + 56 * i;
    view.setUint32(o, type, true);
    view.setUint32(o + 4, flags, true);
    u64(o + 16, at);
    u64(o + 24, at);
    u64(o + 32, file);
    u64(o + 40, memory);
    u64(o + 48, ALIGNMENT);
  };
  segment(0, PT_LOAD, READ_EXECUTE, TEXT_AT, size, size);
  segment(1, PT_LOAD, READ_WRITE, DATA_AT, size, TABLE_OFFSET + ROOM);
  segment(2, PT_GNU_STACK, READ_WRITE, 0, 0, 0);
  bytes.set(code, HEADERS);
  bytes.set(table, TABLE_OFFSET);
  return bytes;
}

/** Signals whose numbers the launcher needs. */
export const SIGCHLD = signals.SIGCHLD;
