import { checkName } from "../spec/rules.ts";
import type { Paths } from "../linux/paths.ts";
import { note } from "./journal.ts";
import type { Entry } from "./list.ts";
import { saveCopy, staysAfterReboot } from "./reboot.ts";
import { renameRecord } from "./record.ts";

/** Gives a container another name, which its neighbours hear of; its own host name stays. Throws INVALID, or CONFLICT where the name is taken. */
export async function renameContainer(
  { record, directory }: Entry,
  name: string,
  paths: Paths,
): Promise<void> {
  checkName("rename", name);
  if (name === record.name) return;
  renameRecord(record, name, paths);
  if (staysAfterReboot(record)) saveCopy({ ...record, name }, paths);
  const { network = "bridge" } = record.options;
  if (record.link !== null && network !== "bridge")
    await (await import("./hosts.ts")).announce(record.id, paths);
  note(directory, { ...record, name }, "rename", { oldName: record.name });
}
