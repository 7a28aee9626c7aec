/** Node's own channel for it: printed once, or handled by `process.on("warning")`. */
export function warn(text: string): void {
  process.emitWarning(text, "KontenerWarning");
}

/** For what nobody waits for: a failure is a warning, not the end of the caller's process. */
export function inBackground(work: Promise<unknown>): void {
  work.catch((error: unknown) => warn(error instanceof Error ? error.message : String(error)));
}
