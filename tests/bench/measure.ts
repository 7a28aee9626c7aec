/** Times of whole commands, in turn, so that a noisy moment hits all of them. */
export type Candidate = { name: string; command: string[]; env?: Record<string, string> };
export type Figures = { name: string; median: number; p90: number; runs: number };

/** Milliseconds from spawn to exit. A command that fails ends the benchmark: its time would mean nothing. */
async function once({ name, command, env }: Candidate): Promise<number> {
  const start = performance.now();
  const child = Bun.spawn(command, {
    stdio: ["ignore", "ignore", "pipe"],
    ...(env ? { env: { ...process.env, ...env } } : {}),
  });
  const code = await child.exited;
  const time = performance.now() - start;
  if (code !== 0) throw new Error(`${name} exited with ${code}: ${await child.stderr.text()}`);
  return time;
}

/** One round runs each candidate once; the order is reversed from round to round. */
export async function compare(
  candidates: readonly Candidate[],
  rounds: number,
): Promise<Figures[]> {
  const times = new Map<string, number[]>(candidates.map(({ name }) => [name, []]));
  for (const candidate of candidates) await once(candidate); // caches
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 ? candidates.toReversed() : candidates;
    for (const candidate of order) times.get(candidate.name)!.push(await once(candidate));
  }
  return candidates.map(({ name }) => {
    const sorted = times.get(name)!.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!;
    return { name, median: at(0.5), p90: at(0.9), runs: sorted.length };
  });
}

/** Proportional set size of a process in KiB: its own pages, and its share of those it has in common (proc_pid_smaps(5)). */
export async function pss(pid: number): Promise<number> {
  const text = await Bun.file(`/proc/${pid}/smaps_rollup`).text();
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]);
}
