import { defineCommand } from "citty";
import { parseChoice } from "../../spec/values.ts";
import { formatArg, wantsJson } from "../format.ts";
import { say } from "../report.ts";

export default defineCommand({
  meta: { name: "network", description: "The host's part of the containers' network" },
  args: {
    action: {
      type: "positional",
      description: "up, down or status",
      required: false,
      default: "status",
    },
    force: { type: "boolean", description: "down: also while containers use it" },
    format: formatArg,
  },
  async run({ args }) {
    const action = parseChoice("network", args.action, ["up", "down", "status"]);
    const json = wantsJson(args.format);
    const network = await import("../../../tasks/network.ts");
    if (action === "up") for (const warning of await network.up()) say(warning);
    if (action === "down") await network.down({ force: args.force ?? false });
    const status = await network.status();
    console.log(json ? JSON.stringify(status, null, 2) : statusText(status));
  },
});

type Status = Awaited<ReturnType<typeof import("../../../tasks/network.ts").status>>;

const statusText = ({ bridge, subnet, up, firewall, rules, forwarding, leases }: Status): string =>
  [
    `bridge      ${bridge}, ${subnet}: ${up ? "up" : "down"}`,
    `rules       ${rules ? `there (${firewall})` : "none"}`,
    `forwarding  ${forwarding ? "on" : "off"}`,
    ...leases.map(({ address, id }) => `lease       ${address} ${id.slice(0, 12)}`),
  ].join("\n");
