import { readText, tryReadText } from "../linux/files.ts";
import { parseLayout, type CgroupLayout } from "./layout.ts";

let layout: CgroupLayout | undefined;

/** This host's layout: two small reads, once, since trees stay where they are mounted. */
export const readLayout = (): CgroupLayout =>
  (layout ??= parseLayout(
    readText("/proc/self/mountinfo"),
    (mount) => tryReadText(`${mount}/cgroup.controllers`) ?? "",
  ));

/** A small file of /proc or of a control group; undefined where it cannot be read. */
export { tryReadText as readText, writeText } from "../linux/files.ts";
