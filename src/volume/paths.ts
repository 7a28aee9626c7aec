import type { Paths } from "../linux/paths.ts";
import { volumeData } from "../oci/volumes.ts";

export const volumesDirectory = (paths: Paths): string => `${paths.lib}/volumes`;
export const volumeDirectory = (name: string, paths: Paths): string =>
  `${volumesDirectory(paths)}/${name}`;
export const dataOf = (name: string, paths: Paths): string =>
  volumeData(volumesDirectory(paths), name);
