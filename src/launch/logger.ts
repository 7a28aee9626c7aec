import { close } from "../linux/files.ts";
import { AT_FDCWD, openFlags } from "../abi/open.ts";
import { archOf, syscallNumber, type Arch, type SyscallName } from "../abi/syscall.ts";
import { launcherPath } from "./launcher.ts";
import { bootSteps, ENGINE_FD } from "./program.ts";
import { kinds } from "./protocol.ts";
import { send } from "./send.ts";
import { spawning } from "./spawn.ts";
import { BASE, ROOM } from "./memory.ts";
import {
  argumentOf,
  NONZERO,
  Table,
  wordOf,
  Words,
  type RawArgument,
  type RawStep,
} from "./table.ts";

/**
 * What a logger writes for each piece of output: 32 bytes, little-endian, then the piece.
 *
 *   u64 MARK, u64 length of the piece, struct timespec (CLOCK_REALTIME, when it was read)
 */
export const FRAME = 32;
/** No piece is longer: what a logger keeps in memory. */
export const PIECE = 16384;
/** The address of the logger's buffer, as it happens; to a reader it shows where a frame starts after a torn one. */
export const MARK = BASE + ROOM / 2;

export type Rotation = {
  /** Bytes after which a new file is begun, give or take one piece; undefined lets the file grow. */
  maxSize?: number | undefined;
  /** Files kept, the one that is written to included. */
  maxFiles: number;
};

const CLOCK_REALTIME = 0;
const [SOURCE, FILE] = [0, 1];

/**
 * The launcher program as a logger: it drains a pipe or a terminal's master into a file until the other end is closed.
 * A disk that is full costs output, not the container. The older files are `path`.1, `path`.2 …
 */
export function loggerTable(
  path: string,
  { maxSize, maxFiles }: Rotation,
  arch: Arch = archOf(process.arch),
): Uint8Array {
  const table = new Table();
  const add = (
    name: SyscallName,
    args: readonly RawArgument[],
    more: Omit<RawStep, "nr" | "args"> = {},
  ) => table.add({ nr: syscallNumber(name, arch), args, ...more });
  const goTo = (jump: string) => add("getpid", [], { jump });

  // Two struct iovec: the frame, which starts inside the second one (its address is MARK), and the piece.
  const values: RawArgument[] = [0, FRAME, MARK, 0, 0, 0];
  const iov = new Words(values);
  values[0] = wordOf(iov, 2);

  for (const step of bootSteps(arch)) table.add(step);
  add("close_range", [ENGINE_FD, 0xffffffff, 0]);
  table.label("more");
  add("read", [SOURCE, MARK, PIECE], { flags: NONZERO, store: wordOf(iov, 3) });
  add("clock_gettime", [CLOCK_REALTIME, wordOf(iov, 4)]);
  // A byte at maxSize can only be read where the file is longer than that.
  if (maxSize !== undefined)
    add("pread64", [FILE, new Uint8Array(8), 1, maxSize], { jump: "rotate" });
  table.label("write");
  add("writev", [FILE, iov, 2], { ignore: "all" });
  goTo("more");

  table.label("rotate");
  if (maxFiles <= 1) add("ftruncate", [FILE, 0], { ignore: "all" });
  else {
    for (let i = maxFiles - 1; i > 0; i--)
      add("renameat", [AT_FDCWD, fileName(path, i - 1), AT_FDCWD, fileName(path, i)], {
        ignore: "all",
      });
    const move: RawStep = {
      nr: syscallNumber("dup3", arch),
      args: [0, FILE, 0],
      ignore: "all", // no new file: the old one goes on under its new name
    };
    add("openat", [AT_FDCWD, path, LOG_FLAGS, 0o600], {
      ignore: "all",
      store: argumentOf(move, 0),
    });
    table.add(move);
    add("close_range", [ENGINE_FD, 0xffffffff, 0]);
  }
  goTo("write");

  table.label("failed");
  add("exit_group", [0]);
  return table.layout(kinds.failed);
}

/** How a log is opened: at its end, and also for reading, which {@link loggerTable} does to learn its size. */
export const LOG_FLAGS =
  openFlags.O_RDWR + openFlags.O_CREAT + openFlags.O_APPEND + openFlags.O_CLOEXEC;

/** The file that has been rotated `age` times. */
export const fileName = (path: string, age: number): string =>
  age === 0 ? path : `${path}.${age}`;

/**
 * Starts a logger. It keeps `source`, `file` and `lock` (held while there may be more to come), which the caller may close
 * once this is fulfilled; it ends by itself, and outlives the caller. Its process, in which `source` is descriptor 0.
 */
export async function startLogger(
  ends: { source: number; file: number; lock: number },
  path: string,
  rotation: Rotation,
): Promise<number> {
  const logger = spawning("start a logger", () =>
    Bun.spawn([launcherPath()], {
      argv0: "kontener-logger",
      env: {},
      cwd: "/",
      stdio: [ends.source, ends.file, ends.lock, "pipe"],
    }),
  );
  logger.unref();
  const fd = logger.stdio[3] as unknown as number;
  try {
    await send(fd, loggerTable(path, rotation));
  } finally {
    close(fd);
  }
  return logger.pid;
}
