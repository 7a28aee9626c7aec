import type { Successor } from "../launch/encode.ts";

/** The hidden verb that a monitor becomes when its container has ended: see supervise.ts. */
export const SUPERVISE_VERB = "__supervise";

/** `kontener __supervise ID`, with this engine's state directories. A compiled program has no file to name. */
export function supervisor(id: string): Successor {
  const compiled = Bun.main.startsWith("/$bunfs/");
  const main = decodeURIComponent(new URL("../cli/main.ts", import.meta.url).pathname);
  const env = Object.entries(process.env).filter(([name]) =>
    /^(PATH|HOME|KONTENER_[A-Z]+)$/.test(name),
  );
  return {
    argv: [process.execPath, ...(compiled ? [] : [main]), SUPERVISE_VERB, id],
    env: env.map(([name, value]) => `${name}=${value}`),
  };
}
