import { checkName } from "../spec/rules.ts";
import type { Paths } from "../linux/paths.ts";
import type { Entry } from "./list.ts";
import { saveCopy, staysAfterReboot } from "./reboot.ts";
import { renameRecord } from "./record.ts";

/** Gives a container another name; its own host name stays. Throws INVALID, or CONFLICT where the name is taken. */
export function renameContainer({ record }: Entry, name: string, paths: Paths): void {
  checkName("rename", name);
  if (name === record.name) return;
  renameRecord(record, name, paths);
  if (staysAfterReboot(record)) saveCopy({ ...record, name }, paths);
}
