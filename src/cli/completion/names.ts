import { listStored } from "../../store/records.ts";
import { listImages } from "../../image/store.ts";
import { tryList } from "../../linux/files.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { familiarName } from "../../oci/reference.ts";
import type { Suggestion } from "./suggest.ts";

/** The names that there are, from the directories alone: no record is parsed for a Tab. */
export async function namesOf(kind: NonNullable<Suggestion["names"]>): Promise<string[]> {
  const paths = statePaths();
  if (kind === "CONTAINER") return tryList(`${paths.run}/names`).sort();
  if (kind === "VOLUME") return tryList(`${paths.lib}/volumes`).sort();
  if (kind === "NETWORK") {
    const { listNetworks } = await import("../../engine/networks.ts");
    return (await listNetworks(paths)).map(({ name }) => name);
  }
  const stored = listStored(paths, () => undefined).flatMap(({ references }) => references);
  return [...stored.map(familiarName), ...listImages(paths).map(({ name }) => name)].sort();
}
