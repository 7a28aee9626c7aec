/** Times of things that are done in turn, so that a noisy moment hits all of them. */
export type Timed = {
  name: string;
  /** Does it once; milliseconds. Throws where it fails: its time would mean nothing. */
  time(): Promise<number>;
};
export type Figures = { name: string; median: number; p90: number; runs: number };

/** A whole command, from spawn to exit. */
export type Candidate = { name: string; command: string[]; env?: Record<string, string> };

/** A word of a command that is another one each time: containers at the same time need names of their own. */
export const UNIQUE = "<unique>";
let turn = 0;
export const fresh = (command: readonly string[]): string[] =>
  command.map((word) => (word === UNIQUE ? `bench${process.pid}-${turn++}` : word));

export const spawned = ({ name, command, env }: Candidate): Timed => ({
  name,
  async time() {
    const start = performance.now();
    const child = Bun.spawn(fresh(command), {
      stdio: ["ignore", "ignore", "pipe"],
      ...(env ? { env: { ...process.env, ...env } } : {}),
    });
    const code = await child.exited;
    const time = performance.now() - start;
    if (code !== 0) throw new Error(`${name} exited with ${code}: ${await child.stderr.text()}`);
    return time;
  },
});

/** Something in this process. */
export const called = (name: string, fn: () => Promise<unknown>): Timed => ({
  name,
  async time() {
    const start = performance.now();
    await fn();
    return performance.now() - start;
  },
});

/** One round does each once; the order is reversed from round to round. */
export async function compare(all: readonly Timed[], rounds: number): Promise<Figures[]> {
  const times = new Map<string, number[]>(all.map(({ name }) => [name, []]));
  for (const one of all) await one.time(); // caches
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 ? all.toReversed() : all;
    for (const one of order) times.get(one.name)!.push(await one.time());
  }
  return all.map(({ name }) => figuresOf(name, times.get(name)!));
}

function figuresOf(name: string, times: readonly number[]): Figures {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!;
  return { name, median: at(0.5), p90: at(0.9), runs: sorted.length };
}

/** Proportional set size of a process in KiB: its own pages, and its share of those it has in common (proc_pid_smaps(5)). */
export async function pss(pid: number): Promise<number> {
  const text = await Bun.file(`/proc/${pid}/smaps_rollup`).text();
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]);
}
