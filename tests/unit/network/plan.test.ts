import { expect, test } from "bun:test";
import { describe as textOf } from "../../../src/abi/rtnetlink-text.ts";
import { formatRecord, parseRecord } from "../../../src/network/bridge-record.ts";
import {
  droppingChains,
  droppingWarning,
  iptablesForward,
  iptablesNat,
  nftRules,
} from "../../../src/network/firewall.ts";
import { linkName } from "../../../src/network/link-name.ts";
import { planBridge, planNetwork } from "../../../src/network/plan.ts";

const names = { bridge: "kontener0", cidr: "10.111.0.0/16" };

test("a container is plugged into the bridge and given address, cable and way out, in that order", () => {
  const steps = planNetwork({
    id: "0123456789abcdef",
    address: "10.111.0.2",
    prefix: 16,
    gateway: "10.111.0.1",
    bridge: "kontener0",
  });
  expect(steps.map(({ netns, request }) => `${netns}: ${textOf(request)}`)).toEqual([
    'host: RTM_NEWLINK {kind=veth, ifname="kt0123456789ab", master="kontener0", IFF_UP, peer={ifname="eth0", address=02:6b:0a:6f:00:02, net_ns_pid=$PID}}',
    'host: RTM_NEWQDISC {ifname="kt0123456789ab", kind=ingress}',
    'host: RTM_NEWTFILTER {ifname="kt0123456789ab", parent=ingress, kind=bpf, pass={ip|arp, src=02:6b:0a:6f:00:02 10.111.0.2}, TCA_BPF_FLAG_ACT_DIRECT}',
    'container: RTM_NEWADDR {ifname="eth0", local=10.111.0.2/16}',
    'container: RTM_SETLINK {ifname="eth0", IFF_UP}',
    "container: RTM_NEWROUTE {dst=default, gateway=10.111.0.1}",
  ]);
});

test("an isolated container's port is isolated before its end of the cable is on", () => {
  const steps = planNetwork({
    id: "0123456789abcdef",
    address: "10.111.0.2",
    prefix: 16,
    gateway: "10.111.0.1",
    bridge: "kontener0",
    isolated: true,
  });
  const texts = steps.map(({ request }) => textOf(request));
  const isolated = 'RTM_SETLINK {ifname="kt0123456789ab", protinfo={isolated=1}}';
  expect(texts).toContain(isolated);
  expect(texts.indexOf(isolated)).toBeLessThan(
    texts.indexOf('RTM_SETLINK {ifname="eth0", IFF_UP}'),
  );
});

test("an interface's name fits the 15 bytes that it may have", () => {
  expect(linkName("f".repeat(64))).toBe("ktffffffffffff");
});

test("raising the bridge a second time passes over what is there", () => {
  const steps = planBridge({ ...names, gateway: "10.111.0.1", prefix: 16, alias: "kontener" });
  expect(steps.map(({ request, ignore }) => [textOf(request), ignore])).toEqual([
    ['RTM_NEWLINK {kind=bridge, ifname="kontener0", address=02:6b:0a:6f:00:01}', ["EEXIST"]],
    ['RTM_SETLINK {ifname="kontener0", IFF_UP, ifalias="kontener"}', undefined],
    ['RTM_NEWADDR {ifname="kontener0", local=10.111.0.1/16}', ["EEXIST"]],
  ]);
});

test("the bridge's record survives being written and read, half-made ones too", () => {
  for (const firewall of [undefined, "nftables", "iptables", "none"] as const) {
    for (const internal of [false, true]) {
      const record = { cidr: names.cidr, forwardingWas: "0", firewall, internal };
      expect(parseRecord(`${formatRecord(record)}\n`)).toEqual(record);
    }
  }
  for (const alias of ["", "\n", "uplink to the office", "kontener of somebody else"])
    expect(parseRecord(alias)).toBeUndefined();
});

test("only what leaves the bridge is masqueraded, by nft and by iptables", () => {
  expect(nftRules(names)).toContain('ip saddr 10.111.0.0/16 oifname != "kontener0" masquerade');
  expect(iptablesNat(names)).toContain("-s 10.111.0.0/16 ! -o kontener0 -j MASQUERADE");
});

test("from outside comes in only what a container asked for, by nft and by iptables", () => {
  const rules = (text: string): string[] => text.split("\n").map((line) => line.trim());
  expect(rules(nftRules(names)).filter((line) => line.startsWith("oifname"))).toEqual([
    'oifname "kontener0" ct state established,related accept',
    'oifname "kontener0" drop',
  ]);
  expect(rules(iptablesForward(names)).filter((line) => line.includes(" -o "))).toEqual([
    "-A kontener0-forward -o kontener0 -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT",
    "-A kontener0-forward -o kontener0 -j DROP",
  ]);
});

test("chains of others that drop are found in nft's listing and named with what mends it", () => {
  const listing = `\
table ip filter {
\tchain INPUT {
\t\ttype filter hook input priority filter; policy drop;
\t}
\tchain FORWARD {
\t\ttype filter hook forward priority filter; policy drop;
\t}
\tchain DOCKER {
\t}
}
table bridge filter {
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t}
}
table ip kontener0 {
\tchain forward {
\t\ttype filter hook forward priority filter; policy accept;
\t}
}
table inet fw {
\tchain ways {
\t\ttype filter hook forward priority filter + 10; policy drop;
\t}
}
`;
  const chains = droppingChains(listing);
  expect(chains).toEqual([
    { family: "ip", table: "filter", chain: "FORWARD" },
    { family: "inet", table: "fw", chain: "ways" },
  ]);
  expect(droppingWarning(chains[1]!, "kontener0")).toEndWith(
    "to let them pass: nft insert rule inet fw ways iifname kontener0 accept; nft insert rule inet fw ways oifname kontener0 accept",
  );
});
