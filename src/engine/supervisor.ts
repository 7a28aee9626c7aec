import type { Successor } from "../launch/encode.ts";

/** The hidden verb that a monitor becomes when its container has ended: see supervise.ts. */
export const SUPERVISE_VERB = "__supervise";

/** The hidden verb that a waiter becomes when a probe is due: see health-watch.ts. */
export const HEALTH_VERB = "__health";

/** `kontener`, as whoever comes later can call it. A compiled program has no file to name. */
export function ownCommand(): string[] {
  const compiled = Bun.main.startsWith("/$bunfs/");
  const main = decodeURIComponent(new URL("../cli/main.ts", import.meta.url).pathname);
  return [process.execPath, ...(compiled ? [] : [main])];
}

/** `kontener __supervise ID`, or another hidden verb, with this engine's state directories. */
export function supervisor(id: string, verb: string = SUPERVISE_VERB): Successor {
  const env = Object.entries(process.env).filter(([name]) =>
    /^(PATH|HOME|KONTENER_[A-Z]+)$/.test(name),
  );
  return {
    argv: [...ownCommand(), verb, id],
    env: env.map(([name, value]) => `${name}=${value}`),
  };
}

/** The same by a process of its own, which outlives this one: for a container whose monitor was killed. */
export function spawnSupervisor(id: string): void {
  const { argv, env } = supervisor(id);
  const pairs = env.map((entry) => entry.split(/=(.*)/s).slice(0, 2) as [string, string]);
  Bun.spawn([...argv], {
    env: Object.fromEntries(pairs),
    cwd: "/",
    stdio: ["ignore", "ignore", "ignore"],
    detached: true, // ^C in this terminal is not meant for it
  }).unref();
}
