/** Run in the pretended host: publishes a port of a connected container, or takes its ports back. */
import { paths } from "../../../src/linux/paths.ts";
import { listLeases } from "../../../src/network/lease.ts";
import { claimPorts, openPorts, releasePorts } from "../../../src/network/publish.ts";
import { networkSettings } from "../../../src/network/settings.ts";

type Given = { id: string; hostPort?: number; containerPort?: number };

const { id, hostPort = 0, containerPort } = JSON.parse(process.argv[2]!) as Given;
const { bridge } = networkSettings();
if (containerPort === undefined) await releasePorts(id, paths());
else {
  const { address } = listLeases(paths()).find((lease) => lease.id === id)!;
  const wish = { protocol: "tcp", hostPort, containerPort } as const;
  await claimPorts([wish], { id, address, bridge }, paths());
  await openPorts(bridge, paths());
}
