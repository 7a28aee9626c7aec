/**
 * The same job with every combination of settings, a box each, as many at a time as there are processors.
 *
 *     sudo bun examples/build-matrix.ts
 */
import { run } from "kontener";

export type Cell = { name: string; ok: boolean; log: string };

/** Runs `script` once for each combination; the settings are its environment. */
export async function matrix(
  script: string,
  axes: Record<string, readonly string[]>,
  width: number = navigator.hardwareConcurrency,
): Promise<Cell[]> {
  const cells = combinations(axes);
  const results: Cell[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < cells.length; i = next++) results[i] = await build(script, cells[i]!);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}

async function build(script: string, env: Record<string, string>): Promise<Cell> {
  const command = ["sh", "-e", "-c", script];
  const { exitCode, stdout, stderr } = await run("busybox", command, {
    env,
    network: "none",
    timeout: "1m",
  });
  return { name: Object.values(env).join(" "), ok: exitCode === 0, log: stdout + stderr };
}

/** Every way to choose one value from each axis. */
const combinations = (axes: Record<string, readonly string[]>): Record<string, string>[] =>
  Object.entries(axes).reduce<Record<string, string>[]>(
    (rows, [axis, values]) =>
      rows.flatMap((row) => values.map((value) => ({ ...row, [axis]: value }))),
    [{}],
  );

if (import.meta.main) {
  const script = 'echo "$MODE on $LIBC"; [ "$MODE-$LIBC" != fast-old ]';
  for (const { name, ok, log } of await matrix(script, {
    MODE: ["safe", "fast"],
    LIBC: ["new", "old"],
  }))
    console.log(ok ? "ok    " : "FAILED", name, "·", log.trim());
}
