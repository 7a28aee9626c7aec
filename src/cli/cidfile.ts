import { closeSync, existsSync, openSync, unlinkSync, writeSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import type { Observer } from "../engine/birth.ts";

/**
 * `--cidfile`: the id in a file as soon as there is one; a file that is there is another container's. `failed` takes it away
 * where the start fails.
 */
export function writeCidfile(path: string, observer: Observer): { failed(): void } {
  if (existsSync(path)) throw taken(path);
  let written = false;
  observer.recorded = (id) => {
    let fd: number;
    try {
      fd = openSync(path, "wx", 0o644);
    } catch (cause) {
      const why = (cause as NodeJS.ErrnoException).code;
      if (why === "EEXIST") throw taken(path);
      throw new KontenerError(`--cidfile ${path} cannot be written: ${why}`, {
        code: "INVALID",
        cause,
      });
    }
    written = true;
    writeSync(fd, id);
    closeSync(fd);
  };
  return {
    failed() {
      if (written) unlinkSync(path);
    },
  };
}

const taken = (path: string): KontenerError =>
  new KontenerError(`--cidfile ${path} is there already`, {
    code: "CONFLICT",
    hint: "the container that it names may run; remove the file if it does not",
  });
