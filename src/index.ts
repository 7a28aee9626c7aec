/**
 * kontener as a library: containers as TypeScript values. See docs/library.md.
 */
export { KontenerError, SyscallError, type ErrorCode } from "./abi/error.ts";
export { Box, container } from "./api/box.ts";
export { CommandError } from "./api/command-error.ts";
export type {
  CommandOptions,
  ExecOptions,
  SpawnOptions,
  StdioOption,
} from "./api/command-options.ts";
export type { BoxEvent } from "./api/events.ts";
export type { Duration } from "./api/duration.ts";
export type { CopyOptions } from "./api/files/copy.ts";
export type { ReadOptions, WriteOptions } from "./api/files/files.ts";
export type { BoxOptions } from "./api/options.ts";
export { Output, type Result, type Usage } from "./api/output.ts";
export { pull, type Pulled, type PullOptions } from "./api/pull.ts";
export type { TransferEvent } from "./image/content.ts";
export { Run } from "./api/process.ts";
export type { ShellValue } from "./api/quote.ts";
export { run, type RunOptions } from "./api/run.ts";
export { ShellCommand, type Shell } from "./api/shell.ts";
export type { Stats } from "./api/stats.ts";
export type { Input, Stdin } from "./api/stdin.ts";
export type { Signal } from "./abi/signal.ts";
export type { TerminalSize } from "./api/terminal.ts";
