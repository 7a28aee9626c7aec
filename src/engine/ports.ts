import type { Paths } from "../linux/paths.ts";
import { formatPublished, listPublished, type Published } from "../network/published.ts";

export type { Published } from "../network/published.ts";

/** A container's ports, by number. */
export const portsOf = (id: string, paths: Paths): Published[] => listPublished(paths, id);

/** As `ps` shows them, `0.0.0.0:8080->80/tcp, …`, by container. */
export function portTexts(paths: Paths): Map<string, string> {
  const groups = Map.groupBy(listPublished(paths), ({ id }) => id);
  return new Map([...groups].map(([id, ports]) => [id, ports.map(formatPublished).join(", ")]));
}

/** docker's `NetworkSettings.Ports`. */
export const portMap = (
  ports: readonly Published[],
): Record<string, { HostIp: string; HostPort: string }[]> => {
  const groups = Map.groupBy(ports, (port) => `${port.containerPort}/${port.protocol}`);
  return Object.fromEntries(
    [...groups].map(([inner, outer]) => [
      inner,
      outer.map(({ hostIp, hostPort }) => ({ HostIp: hostIp, HostPort: String(hostPort) })),
    ]),
  );
};
