import { invalid } from "../../abi/error.ts";
import { exclusively } from "../../engine/exclusive.ts";
import { findContainer } from "../../engine/list.ts";
import { connect, disconnect } from "../../engine/connect.ts";
import {
  createNetwork,
  describeNetwork,
  listNetworks,
  pruneNetworks,
  removeNetwork,
} from "../../engine/networks.ts";
import { collectGarbage } from "../../engine/gc.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { checkNetworkName, reservedNetworks } from "../../spec/network.ts";
import { parseChoice } from "../../spec/values.ts";
import { wantsJson } from "../format.ts";
import { group } from "../group.ts";
import { parseFormat, printRows, type Row } from "../listing.ts";
import { oneByOne } from "../one-by-one.ts";
import { say } from "../report.ts";
import { verb } from "../verb.ts";

const format = { name: "format", value: "text|json", help: "text, or JSON" } as const;

const create = verb({
  synopsis: "network create [flags] NAME",
  summary: "Make a network: containers on it find each other by name, others do not reach them",
  flags: [
    { name: "subnet", value: "CIDR", help: "its addresses (default: a free /24 of 10.112.0.0/12)" },
    { name: "gateway", value: "ADDRESS", help: "the host's (default: the subnet's first)" },
    { name: "internal", help: "no way in or out: its containers reach each other and the host" },
    { name: "isolated", help: "its containers do not reach each other" },
    { name: "label", short: "l", value: "KEY[=VALUE]", repeatable: true, help: "a note" },
    { name: "driver", short: "d", value: "bridge", help: "docker's flag; there is only this one" },
  ],
  words: [2, 2],
  async run({ words: [, name = ""], value, values, has }) {
    checkNetworkName("network create", name);
    parseChoice("--driver", value("driver") ?? "bridge", ["bridge"]);
    if (reservedNetworks.includes(name)) throw invalid(`the name ${name} has a meaning of its own`);
    const [subnet, gateway] = [value("subnet"), value("gateway")];
    const labels = Object.fromEntries(
      values("label").map((text): [string, string] => {
        const [key = "", ...rest] = text.split("=");
        return [key, rest.join("=")];
      }),
    );
    const network = await createNetwork(
      {
        name,
        internal: has("internal"),
        isolated: has("isolated"),
        labels,
        ...(subnet === undefined ? {} : { subnet }),
        ...(gateway === undefined ? {} : { gateway }),
      },
      statePaths(),
    );
    console.log(network.name);
    return 0;
  },
});

const ls = verb({
  synopsis: "network ls [flags]",
  summary: "List networks",
  flags: [
    { name: "quiet", short: "q", help: "names only" },
    { name: "format", value: "text|json|TEMPLATE", help: "text, JSON lines, or Go's template" },
  ],
  words: [1, 1],
  async run({ has, value }) {
    const rowFormat = parseFormat(value("format"));
    const paths = statePaths();
    const names = ["bridge", ...(await listNetworks(paths)).map(({ name }) => name)];
    if (has("quiet")) for (const name of names) console.log(name);
    else {
      const all = await Promise.all(names.map((name) => describeNetwork(name, paths)));
      const usual = ["Name", "Subnet", "Gateway", "Interface", "Containers", "Kind"];
      printRows(rowFormat, all.map(rowOf), titles, usual);
    }
    return 0;
  },
});

const titles = { ID: "NETWORK ID" };

/** docker's fields, and what there is to know beside them. */
const rowOf = (n: Awaited<ReturnType<typeof describeNetwork>>): Row => ({
  ID: n.Id,
  Name: n.Name,
  Driver: n.Driver,
  Scope: "local",
  CreatedAt: n.Created ?? "",
  IPv6: "false",
  Internal: String(n.Internal),
  Subnet: n.IPAM.Config[0]!.Subnet,
  Gateway: n.IPAM.Config[0]!.Gateway,
  Interface: n.Interface,
  Containers: String(Object.keys(n.Containers).length),
  Kind: [n.Internal && "internal", n.Isolated && "isolated"].filter(Boolean).join(" ") || "-",
  Labels: Object.entries(n.Labels)
    .map(([key, text]) => `${key}=${text}`)
    .join(","),
  Label: (key) => n.Labels[key] ?? "",
});

const rm = verb({
  synopsis: "network rm NAME…",
  summary: "Remove networks that nobody is on",
  flags: [],
  words: [2, Infinity],
  async run({ words: [, ...names] }) {
    const paths = statePaths();
    await collectGarbage(paths); // one that was killed is not on it any more
    return await oneByOne(names, async (name) => {
      await removeNetwork(name, paths);
      console.log(name);
    });
  },
});

const inspect = verb({
  synopsis: "network inspect NAME…",
  summary: "Print all there is to know of networks, as JSON",
  flags: [],
  words: [2, Infinity],
  async run({ words: [, ...names] }) {
    const found: unknown[] = [];
    const code = await oneByOne(names, async (name) => {
      found.push(await describeNetwork(name, statePaths()));
    });
    console.log(JSON.stringify(found, null, 2));
    return code;
  },
});

const prune = verb({
  synopsis: "network prune [flags]",
  summary: "Remove all networks that no container is on or was made with",
  flags: [{ name: "force", short: "f", help: "docker's flag: nothing is asked anyway" }],
  words: [1, 1],
  async run() {
    const paths = statePaths();
    await collectGarbage(paths);
    for (const name of await pruneNetworks(paths)) console.log(name);
    return 0;
  },
});

const plug = verb({
  synopsis: "network connect [flags] NETWORK CONTAINER",
  summary: "Put a container on a further network",
  flags: [{ name: "ip", value: "ADDRESS", help: "its address there" }],
  words: [3, 3],
  async run({ words: [, network = "", word = ""], value }) {
    const paths = statePaths();
    const ip = value("ip");
    await exclusively(findContainer(word, paths), paths, (entry) =>
      connect(entry, network, ip === undefined ? {} : { ip }, paths),
    );
    return 0;
  },
});

const unplug = verb({
  synopsis: "network disconnect NETWORK CONTAINER",
  summary: "Take a container off a network",
  flags: [],
  words: [3, 3],
  async run({ words: [, network = "", word = ""] }) {
    const paths = statePaths();
    await exclusively(findContainer(word, paths), paths, (entry) =>
      disconnect(entry, network, paths),
    );
    return 0;
  },
});

/** The host's part of the bridge that is always there. */
const host = verb({
  synopsis: "network up|down|status [flags]",
  summary: "The host's part of the containers' network: raise it, take it down, show it",
  flags: [{ name: "force", help: "down: also while containers use it" }, format],
  words: [0, 1],
  async run({ words: [action = "status"], has, value }) {
    const json = wantsJson(value("format") ?? "text");
    const task = await import("../../../tasks/network.ts");
    if (action === "up") for (const warning of await task.up()) say(warning);
    if (action === "down") await task.down({ force: has("force") });
    const now = await task.status();
    console.log(json ? JSON.stringify(now, null, 2) : task.statusText(now));
    return 0;
  },
});

const actions = {
  create,
  ls,
  list: ls,
  rm,
  remove: rm,
  inspect,
  prune,
  connect: plug,
  disconnect: unplug,
  up: host,
  down: host,
  status: host,
};

const { summary, run } = group(
  "network",
  "Networks: create, ls, inspect, rm, prune, connect, disconnect; up, down, status",
  actions,
);

export const network = {
  actions,
  summary,
  run: async (argv: readonly string[]): Promise<number> =>
    argv[0] === undefined || argv[0] === "--format" ? await host.run(argv) : await run(argv),
};
