import { errnoName } from "./errno.ts";

/** What a caller may branch on. `SYSCALL` carries more fields: see {@link SyscallError}. */
export type ErrorCode =
  | "INVALID" // an option or a file that does not make sense; nothing was done
  | "NOT_FOUND" // no such image, container, command or host path
  | "CONFLICT" // a name, port or address that is taken
  | "UNSUPPORTED" // the host lacks what is needed
  | "IMAGE" // a source that cannot be fetched, verified or unpacked
  | "ABORTED" // a birth that broke off, or that the user gave up half-way (--step)
  | "EXIT" // a command that ended with anything but 0, where that was asked to be an error
  | "ENDED" // a box that has been closed, or has ended by itself
  | "SYSCALL"; // a system call failed

export type ErrorFields = {
  code: ErrorCode;
  hint?: string | undefined;
  exitCode?: number;
  cause?: unknown;
};

/**
 * Every error that kontener raises on purpose. `message` is one sentence, `hint` says what to do about it, and
 * `exitCode` is what the command line ends with (docker's: 125 the engine, 126 not executable, 127 not found).
 */
export class KontenerError extends Error {
  override readonly name: string = "KontenerError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(message: string, fields: ErrorFields) {
    super(message, { cause: fields.cause });
    this.code = fields.code;
    this.hint = fields.hint;
    this.exitCode = fields.exitCode ?? 125;
  }
}

export type SyscallFields = {
  /** The call's man-page name. */
  call: string;
  /** Its arguments as text: `"proc", "/proc", "proc", MS_NOSUID|MS_NODEV`. */
  args: string;
  /** The error number, positive. */
  errno: number;
  /** What was being done, in words: "mount /proc". */
  step?: string | undefined;
  hint?: string | undefined;
  exitCode?: number;
};

/** A system call that failed; prints as the call: `mount("proc", "/proc", …): EPERM`. */
export class SyscallError extends KontenerError {
  override readonly name = "SyscallError";
  readonly call: string;
  readonly args: string;
  /** The error's name, "EPERM". */
  readonly errno: string;
  readonly step: string | undefined;

  constructor(fields: SyscallFields) {
    const errno = errnoName(fields.errno);
    super(`${fields.step ? `${fields.step}: ` : ""}${fields.call}(${fields.args}): ${errno}`, {
      code: "SYSCALL",
      hint: fields.hint,
      ...(fields.exitCode === undefined ? {} : { exitCode: fields.exitCode }),
    });
    this.call = fields.call;
    this.args = fields.args;
    this.errno = errno;
    this.step = fields.step;
  }
}

/** Bad input: one clear sentence, and nothing was done. */
export const invalid = (message: string, hint?: string): KontenerError =>
  new KontenerError(message, { code: "INVALID", hint });
