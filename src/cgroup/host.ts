import { tryReadText as readText } from "../linux/files.ts";
import { parseLayout, type CgroupLayout } from "./layout.ts";

/** This host's layout: two small reads. */
export const readLayout = (): CgroupLayout =>
  parseLayout(
    readText("/proc/self/mountinfo") ?? "",
    (mount) => readText(`${mount}/cgroup.controllers`) ?? "",
  );

/** A small file of /proc or of a control group; undefined where it cannot be read. */
export { tryReadText as readText, writeText } from "../linux/files.ts";
