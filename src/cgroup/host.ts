import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { parseLayout, type CgroupLayout } from "./layout.ts";

/** This host's layout: two small reads. */
export const readLayout = (): CgroupLayout =>
  parseLayout(
    readText("/proc/self/mountinfo") ?? "",
    (mount) => readText(`${mount}/cgroup.controllers`) ?? "",
  );

/** A small file of /proc or of a control group; undefined where it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Without O_CREAT: with it a file that the kernel does not have fails with EACCES instead of ENOENT. */
export function writeText(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY);
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}
