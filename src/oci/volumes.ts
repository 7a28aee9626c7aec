import type { ImageConfig } from "../image/image.ts";
import type { ContainerOptions, MountOption } from "../spec/options.ts";

/** A volume in a container: docker's `type=volume`, with its name. */
export type VolumeMount = Extract<MountOption, { type: "volume" }> & { name: string };

/**
 * A container's mounts, each volume with a name. Those that the user left without one, and those that the image declares
 * (image-spec config.md, "Volumes") and no mount covers, are the container's own: they bear its id and go with it.
 */
export function namedMounts(
  { mounts = [] }: Pick<ContainerOptions, "mounts">,
  { Volumes }: Pick<ImageConfig, "Volumes">,
  id: string,
): (Exclude<MountOption, { type: "volume" }> | VolumeMount)[] {
  const taken = new Set(mounts.map(({ target }) => target));
  const declared = Object.keys(Volumes ?? {})
    .map((path) => path.replace(/\/+$/, ""))
    .filter((path) => isPlace(path) && !taken.has(path))
    .map((target): MountOption => ({ type: "volume", target, readOnly: false }));
  return [...mounts, ...declared].map((mount) =>
    mount.type === "volume" ? { ...mount, name: mount.name ?? ownName(id, mount.target) } : mount,
  );
}

/** An image is not trusted: what it declares may not cover what the kernel shows, where the engine writes. */
const isPlace = (path: string): boolean =>
  /^\/[^/]/.test(path) && !/\/\/|\/\.\.?(\/|$)/.test(path) && !/^\/(proc|sys|dev)(\/|$)/.test(path);

/** The volumes that go with the container. */
export const ownVolumes = (...container: Parameters<typeof namedMounts>): string[] =>
  namedMounts(...container).flatMap((mount) =>
    mount.type === "volume" && isOwn(mount.name, container[2]) ? [mount.name] : [],
  );

/** `0123456789ab-var-lib-data`: whose it is, and where. */
const ownName = (id: string, target: string): string =>
  `${id}${target
    .replaceAll("-", "--")
    .replaceAll("/", "-")
    .replace(/[^a-zA-Z0-9.-]/g, hex)}`.slice(0, 200);
const hex = (character: string): string => `_${character.codePointAt(0)!.toString(16)}`;

const isOwn = (name: string, id: string): boolean => name.startsWith(`${id}-`);

/** A name that says that some container, maybe gone, brought the volume along. */
export const isAnonymous = (name: string): boolean => /^[0-9a-f]{12}-/.test(name);

/** Where volumes are: a directory each, its files in `_data`. */
export const volumeData = (directory: string, name: string): string => `${directory}/${name}/_data`;
