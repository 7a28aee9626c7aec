import type { Paths } from "../linux/paths.ts";
import { listRecords, readRecordWith } from "./record.ts";
import { parseRecord } from "./record-schema.ts";

/**
 * The names of the containers that were made from an image of the store. A record that cannot be read may be of any: its id
 * is among them.
 */
export function imageUsers(imageId: string, paths: Paths): string[] {
  return listRecords(paths).flatMap((id) => {
    try {
      const record = readRecordWith(parseRecord, id, paths);
      return record?.imageId === imageId ? [record.name] : [];
    } catch {
      return [id];
    }
  });
}
