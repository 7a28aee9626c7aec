import { errnoName } from "../abi/errno.ts";
import { invalid, KontenerError } from "../abi/error.ts";
import { withLock } from "../linux/file-lock.ts";
import { freePort, tryBind } from "../linux/port.ts";
import type { Paths } from "../linux/paths.ts";
import { readBridge } from "./bridge-record.ts";
import { networkLock, writeRules } from "./rules.ts";
import {
  ANY,
  forgetPublished,
  listPublished,
  notePublished,
  rivalOf,
  type Published,
} from "./published.ts";

/** What a container wants to be reached at. */
export type Wish = Pick<Published, "protocol" | "containerPort"> & {
  hostIp?: string;
  /** Without it a free one. */
  hostPort?: number;
};

const ATTEMPTS = 20;

/**
 * Takes ports of the host's for a container, all or none; the rules come later ({@link openPorts}).
 *
 * @throws KontenerError CONFLICT where one is taken, by a container or by a process of the host's
 */
export const claimPorts = (
  wishes: readonly Wish[],
  holder: Pick<Published, "id" | "address" | "bridge">,
  paths: Paths,
): Promise<Published[]> =>
  withLock(networkLock, () => {
    const claimed: Published[] = [];
    try {
      for (const wish of wishes) {
        const port = choose({ ...holder, ...wish, hostIp: wish.hostIp ?? ANY }, paths);
        notePublished(port, paths);
        claimed.push(port);
      }
    } catch (error) {
      for (const port of claimed) forgetPublished(port, paths);
      throw error;
    }
    return claimed;
  });

function choose(
  wish: Omit<Published, "hostPort"> & { hostPort?: number },
  paths: Paths,
): Published {
  const all = listPublished(paths);
  const { protocol, hostIp, hostPort } = wish;
  if (hostPort !== undefined) {
    const port = { ...wish, hostPort };
    const rival = rivalOf(port, all);
    if (rival) throw taken(port, `container ${rival.id} has it`, "end that container first");
    const errno = tryBind(protocol, hostIp, hostPort);
    if (errno !== 0) throw cannotBind(port, errnoName(errno));
    return port;
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = { ...wish, hostPort: freePort(protocol, hostIp) };
    if (!rivalOf(port, all)) return port;
  }
  throw new KontenerError(`there is no free ${protocol} port on ${hostIp}`, {
    code: "CONFLICT",
    hint: "name one: --publish HOST-PORT:PORT",
  });
}

function cannotBind(port: Published, errno: string): KontenerError {
  if (errno === "EADDRNOTAVAIL")
    return invalid(
      `--publish: ${port.hostIp} is not an address of this host`,
      "ip addr lists them",
    );
  if (errno === "EADDRINUSE")
    return taken(
      port,
      "a process of the host's has it",
      `ss -lnp 'sport = ${port.hostPort}' shows which`,
    );
  return taken(port, `bind: ${errno}`, "choose another");
}

const taken = (port: Published, why: string, hint: string): KontenerError =>
  new KontenerError(`port ${port.hostIp}:${port.hostPort}/${port.protocol} is taken: ${why}`, {
    code: "CONFLICT",
    hint: `${hint}, or publish at another port: --publish ${port.hostPort + 1}:${port.containerPort}`,
  });

/** Makes the rules of a bridge fit the ports that are noted. */
export const openPorts = (bridge: string, paths: Paths): Promise<void> =>
  withLock(networkLock, () => writeRules(bridge, listPublished(paths)));

/** Gives back whatever ports a container has, or those `on` one bridge, and closes them. Idempotent. */
export async function releasePorts(id: string, paths: Paths, on?: string): Promise<void> {
  await withLock(networkLock, async () => {
    const all = listPublished(paths);
    const mine = all.filter((port) => port.id === id && (on === undefined || port.bridge === on));
    const left = all.filter((port) => !mine.includes(port));
    // The rules first: whoever is killed in between leaves links, by which the next finds what is to be closed.
    for (const bridge of new Set(mine.map((port) => port.bridge)))
      if (typeof readBridge(bridge) !== "string") await writeRules(bridge, left);
    for (const port of mine) forgetPublished(port, paths);
  });
}
