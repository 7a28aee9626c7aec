/**
 * The host's part of the containers' network: `bun tasks/network.ts up|down [--force]|status [--format json]`.
 * `up` is done by the first container that needs it; `down` leaves the host as it was.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { KontenerError } from "../src/abi/error.ts";
import { withLock } from "../src/linux/file-lock.ts";
import { paths as statePaths, type Paths } from "../src/linux/paths.ts";
import { applyLinkSteps, removeLink } from "../src/network/apply.ts";
import {
  formatRecord,
  isReady,
  otherBridges,
  readBridge,
  readMtu,
} from "../src/network/bridge-record.ts";
import type { Firewall } from "../src/network/firewall.ts";
import { listLeases, type Lease } from "../src/network/lease.ts";
import { planBridge } from "../src/network/plan.ts";
import { defaultDevices, parseRoutes, refuseCollision } from "../src/network/routes.ts";
import { listPublished } from "../src/network/published.ts";
import { networkLock } from "../src/network/rules.ts";
import { listNetworks, settingsOf } from "../src/network/user-networks.ts";
import { networkSettings, type NetworkSettings } from "../src/network/settings.ts";
import { lowerRules, raiseRules, rulesThere } from "./network-rules.ts";

const forwardingFile = networkLock;
const readForwarding = (): string => readFileSync(forwardingFile, "utf8").trim();

type Which = { settings?: NetworkSettings; paths?: Paths };

/**
 * Raises bridge, forwarding and rules; mends what is there already, or with `onlyIfNeeded` leaves it alone.
 *
 * @returns lines on what will not work, with what mends it.
 */
export function up({
  settings = networkSettings(),
  paths = statePaths(),
  onlyIfNeeded = false,
}: Which & { onlyIfNeeded?: boolean } = {}): Promise<string[]> {
  requireRoot();
  return withLock(forwardingFile, async () => {
    const { bridge, gateway, prefix, subnet, cidr, internal } = settings;
    const before = readBridge(bridge);
    if (before === "foreign")
      throw new KontenerError(`there is an interface ${bridge} that is not kontener's`, {
        code: "CONFLICT",
        hint: "remove it (ip link del), or name another bridge: KONTENER_BRIDGE=kontener1",
      });
    if (before !== "none") {
      if (before.cidr !== cidr)
        throw new KontenerError(`${bridge} is up with the subnet ${before.cidr}, not ${cidr}`, {
          code: "CONFLICT",
          hint: "take it down first: kontener network down",
        });
      if (onlyIfNeeded && isReady(settings)) return []; // somebody else did it while we waited
    }
    const routes = parseRoutes(readFileSync("/proc/net/route", "utf8"));
    refuseCollision(subnet, routes, bridge);

    const forwardingWas =
      before === "none"
        ? (otherBridges(bridge)[0]?.forwardingWas ?? readForwarding())
        : before.forwardingWas;
    const mtu = smallestMtu(defaultDevices(routes));
    const raiseBridge = (firewall?: Firewall): void => {
      const alias = formatRecord({ cidr, forwardingWas, firewall, internal });
      applyLinkSteps(planBridge({ bridge, gateway, prefix, alias, mtu }), 0);
    };
    try {
      raiseBridge();
      disableIpv6(bridge);
      const { firewall, warnings } = await raiseRules({
        ...settings,
        ports: listPublished(paths).filter((port) => port.bridge === bridge),
      });
      if (readForwarding() !== "1") writeFileSync(forwardingFile, "1"); // with the rules there: never open
      raiseBridge(firewall); // last: from now on it counts as ready
      return warnings;
    } catch (error) {
      if (before === "none") await takeDown(bridge);
      throw error;
    }
  });
}

/** What is too large for the way out must not get into the bridge: not everybody hears "fragmentation needed". */
const smallestMtu = (devices: readonly string[]): number | undefined =>
  devices.length > 0 ? Math.min(...devices.map(readMtu)) : undefined;

/**
 * The containers' network is IPv4's. Left on, the host would believe a container's router advertisements (CVE-2020-13401)
 * and could be reached at its link-local address.
 */
function disableIpv6(bridge: string): void {
  const file = `/proc/sys/net/ipv6/conf/${bridge}/disable_ipv6`;
  if (existsSync(file)) writeFileSync(file, "1"); // a kernel may be without IPv6
}

/** Takes one bridge away, which nobody uses. */
export const lower = ({ bridge }: NetworkSettings): Promise<void> => {
  requireRoot();
  return withLock(forwardingFile, () => takeDown(bridge));
};

/** Removes rules and bridges, those of the user's networks too, and puts forwarding back unless another engine's bridge needs it. */
export function down({
  settings = networkSettings(),
  paths = statePaths(),
  force = false,
}: Which & { force?: boolean } = {}): Promise<void> {
  requireRoot();
  return withLock(forwardingFile, async () => {
    const leases = listLeases(paths);
    if (leases.length > 0 && !force)
      throw new KontenerError(`the network is in use: ${leases.length} addresses are leased`, {
        code: "CONFLICT",
        hint: `end these containers first, or cut them off with --force: ${leases.map(({ id }) => id.slice(0, 12)).join(" ")}`,
      });
    await takeDown(settings.bridge);
    for (const network of await listNetworks(paths)) await takeDown(settingsOf(network).bridge);
    rmSync(`${paths.run}/network`, { recursive: true, force: true });
  });
}

async function takeDown(bridge: string): Promise<void> {
  const record = readBridge(bridge);
  await lowerRules(bridge);
  if (typeof record === "string") return; // not there, or not ours
  if (otherBridges(bridge).length === 0 && readForwarding() !== record.forwardingWas)
    writeFileSync(forwardingFile, record.forwardingWas);
  removeLink(bridge);
}

export type NetworkStatus = {
  bridge: string;
  subnet: string;
  up: boolean;
  /** Who keeps the rules, and whether they are there. */
  firewall: string | null;
  rules: boolean;
  forwarding: boolean;
  leases: Lease[];
};

export async function status({
  settings = networkSettings(),
  paths = statePaths(),
}: Which = {}): Promise<NetworkStatus> {
  const record = readBridge(settings.bridge);
  const known = typeof record === "string" ? undefined : record;
  return {
    bridge: settings.bridge,
    subnet: known?.cidr ?? settings.cidr,
    up: known !== undefined,
    firewall: known?.firewall ?? null,
    rules: await rulesThere(settings.bridge),
    forwarding: readForwarding() === "1",
    leases: listLeases(paths),
  };
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new KontenerError("the host's network is changed by root only", {
    code: "UNSUPPORTED",
    hint: "try again with sudo",
  });
}

/** The same for people. */
export const statusText = (now: NetworkStatus): string =>
  [
    `bridge      ${now.bridge}, ${now.subnet}: ${now.up ? "up" : "down"}`,
    `rules       ${now.rules ? `there (${now.firewall})` : "none"}`,
    `forwarding  ${now.forwarding ? "on" : "off"}`,
    ...now.leases.map(({ address, id }) => `lease       ${address} ${id.slice(0, 12)}`),
  ].join("\n");

const verbs: Record<string, (flags: readonly string[]) => Promise<string[]>> = {
  async up() {
    const { bridge, cidr } = networkSettings();
    return [...(await up()), `${bridge} is up, containers get addresses from ${cidr}`];
  },
  async down(flags) {
    await down({ force: flags.includes("--force") });
    return [`${networkSettings().bridge} is down, the host is as it was`];
  },
  async status(flags) {
    const now = await status();
    return [flags.includes("json") ? JSON.stringify(now, null, 2) : statusText(now)];
  },
};

async function main([verb = "", ...flags]: readonly string[]): Promise<void> {
  const perform = verbs[verb];
  if (!perform) throw new KontenerError("usage: network.ts up|down|status", { code: "INVALID" });
  console.log((await perform(flags)).join("\n"));
}

// Not import.meta.main: in the built executable this is one module of many.
if (Bun.main === import.meta.path)
  main(process.argv.slice(2)).catch((error: unknown) => {
    if (!(error instanceof KontenerError)) throw error;
    console.error(`network: ${error.message}${error.hint ? `\n  ${error.hint}` : ""}`);
    process.exit(error.exitCode);
  });
