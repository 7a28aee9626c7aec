import { mkdtempSync, rmSync } from "node:fs";

/** Where a benchmark has its state: images on a disk, records in memory, as users have them; a bridge of its own. */
export type Place = Disposable & { directory: string; env: Record<string, string> };

export function makePlace(): Place {
  const directory = mkdtempSync("/var/tmp/kontener-bench-");
  const records = `/dev/shm/kontener-bench-${process.pid}`;
  const env = {
    KONTENER_LIB: `${directory}/lib`,
    KONTENER_RUN: records,
    KONTENER_BRIDGE: "ktbench0",
    KONTENER_SUBNET: "10.214.1.0/24",
  };
  return {
    directory,
    env,
    [Symbol.dispose]() {
      for (const path of [directory, records]) rmSync(path, { recursive: true, force: true });
    },
  };
}
