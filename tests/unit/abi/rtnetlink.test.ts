import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { NetlinkWriter } from "../../../src/abi/netlink-writer.ts";
import { nft } from "../../../src/abi/nftables.ts";
import { parseAcks } from "../../../src/abi/rtnetlink-ack.ts";
import * as constants from "../../../src/abi/rtnetlink-constants.ts";
import { encodeRequest, indexesNeeded } from "../../../src/abi/rtnetlink-encode.ts";
import { describe as textOf, shellOf } from "../../../src/abi/rtnetlink-text.ts";
import type { LinkRequest } from "../../../src/abi/rtnetlink.ts";

const veth: LinkRequest = {
  type: "RTM_NEWLINK",
  kind: "veth",
  name: "kt0123456789ab",
  master: "kontener0",
  mtu: 1400,
  up: true,
  peer: { name: "eth0", netnsPid: "$PID", address: "02:6b:0a:6f:00:02" },
};
const bridge: LinkRequest = {
  type: "RTM_NEWLINK",
  kind: "bridge",
  name: "kontener0",
  address: "02:6b:0a:6f:00:01",
  up: false,
};
const setLink: LinkRequest = { type: "RTM_SETLINK", name: "eth0", up: true };
const alias: LinkRequest = { type: "RTM_SETLINK", name: "br0", up: false, alias: "mine" };
const newAddress: LinkRequest = {
  type: "RTM_NEWADDR",
  name: "eth0",
  address: "10.111.0.2",
  prefix: 16,
};
const newRoute: LinkRequest = {
  type: "RTM_NEWROUTE",
  destination: "default",
  gateway: "10.111.0.1",
};
const port: LinkRequest = { type: "RTM_SETLINK", name: "eth0", port: "isolated" };
const qdisc: LinkRequest = { type: "RTM_NEWQDISC", kind: "ingress", name: "eth0" };
/** `return TC_ACT_SHOT`, as one struct sock_filter. */
const program = { text: "pass={}", bytes: Uint8Array.of(6, 0, 0, 0, 2, 0, 0, 0) };
const filter: LinkRequest = { type: "RTM_NEWTFILTER", kind: "bpf", name: "eth0", program };
const delLink: LinkRequest = { type: "RTM_DELLINK", name: "kt0123456789ab" };

const encode = (...requests: LinkRequest[]): Uint8Array => {
  const out = new NetlinkWriter();
  const indexes = new Map([
    ["kontener0", 7],
    ["eth0", 2],
  ]);
  requests.forEach((request, i) =>
    encodeRequest(out, request, { sequence: i + 1, indexes, pid: 4321 }),
  );
  return out.bytes();
};
const hex = (bytes: Uint8Array): string => bytes.toHex().replaceAll(/(.{8})(?!$)/g, "$1 ");

describe("a request in bytes", () => {
  test("RTM_NEWADDR: header, ifaddrmsg, local and peer address", () => {
    expect(hex(encode(newAddress))).toBe(
      [
        "28000000 14000506 01000000 00000000", // 40 bytes, type 20, REQUEST|ACK|EXCL|CREATE, sequence 1
        "02100000 02000000", // AF_INET, /16, index 2
        "08000200 0a6f0002", // IFA_LOCAL
        "08000100 0a6f0002", // IFA_ADDRESS
      ].join(" "),
    );
  });

  test("RTM_NEWLINK: the veth's peer is a link of its own in the attributes", () => {
    const name = (text: string): string => Buffer.from(`${text}\0`).toString("hex");
    expect(encode(veth).toHex()).toBe(
      [
        "9400000010000506" + "0100000000000000",
        "00000000" + "00000000" + "01000000" + "01000000", // ifinfomsg: IFF_UP, of which IFF_UP is meant
        `13000300${name("kt0123456789ab")}00`,
        "0800040078050000", // IFLA_MTU: 1400
        "08000a0007000000", // IFLA_MASTER: index 7
        "50001200", // IFLA_LINKINFO
        `09000100${name("veth")}000000`, // IFLA_INFO_KIND
        "40000200" + "3c000100", // IFLA_INFO_DATA, VETH_INFO_PEER
        "00000000".repeat(4),
        `09000300${name("eth0")}000000`,
        "0a000100026b0a6f00020000", // IFLA_ADDRESS
        "0800040078050000", // IFLA_MTU
        "08001300e1100000", // IFLA_NET_NS_PID: 4321
      ].join(""),
    );
  });

  test("RTM_NEWQDISC and RTM_NEWTFILTER: the program is in the request", () => {
    const text = (value: string): string => Buffer.from(`${value}\0`).toString("hex");
    expect(encode(qdisc, filter).toHex()).toBe(
      [
        "30000000" + "24000506" + "01000000" + "00000000",
        "00000000" + "02000000" + "0000ffff" + "f1ffffff" + "00000000", // tcmsg: at TC_H_INGRESS
        `0c000100${text("ingress")}`, // TCA_KIND
        "4c000000" + "2c000506" + "02000000" + "00000000",
        "00000000" + "02000000" + "00000000" + "f2ffffff" + "00030100", // of ETH_P_ALL, priority 1
        `08000100${text("bpf")}`,
        "20000200" + "06000400" + "01000000", // TCA_OPTIONS, TCA_BPF_OPS_LEN: 1
        "0c000500" + "0600000002000000", // TCA_BPF_OPS
        "08000800" + "01000000", // TCA_BPF_FLAGS: TCA_BPF_FLAG_ACT_DIRECT
      ].join(""),
    );
  });

  test("RTM_SETLINK of a bridge's port: another family, by index", () => {
    expect(encode(port).toHex()).toBe(
      [
        "2c000000" + "13000500" + "01000000" + "00000000",
        "07000000" + "02000000" + "00000000" + "00000000", // ifinfomsg: AF_BRIDGE, index 2
        "0c000c80" + "0500210001000000", // IFLA_PROTINFO|NLA_F_NESTED, IFLA_BRPORT_ISOLATED
      ].join(""),
    );
  });

  test("only what the kernel wants by index is looked up", () => {
    const byIndex = [newAddress, port, qdisc, filter];
    expect(byIndex.map(indexesNeeded)).toEqual(byIndex.map(() => ["eth0"]));
    expect([veth, bridge, setLink, newAddress, newRoute, delLink].map(indexesNeeded)).toEqual([
      ["kontener0"],
      [],
      [],
      ["eth0"],
      [],
      [],
    ]);
  });

  test("a batch is a chain of whole messages, whatever the names", () => {
    const name = fc.string({ minLength: 1, maxLength: 15, unit: "grapheme-ascii" });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, fc.string({ maxLength: 60 })), { maxLength: 8 }),
        (links) => {
          const requests = links.map(([each, text]): LinkRequest => ({
            type: "RTM_SETLINK",
            name: each,
            up: true,
            alias: text,
          }));
          const bytes = encode(...requests);
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          const sequences = [];
          for (let at = 0; at < bytes.length; at += (view.getUint32(at, true) + 3) & ~3)
            sequences.push(view.getUint32(at + 8, true));
          expect(sequences).toEqual(links.map((_, i) => i + 1));
        },
      ),
    );
  });
});

describe("an acknowledgement", () => {
  /** struct nlmsghdr, struct nlmsgerr without the request's payload, and the kernel's words. */
  const ack = (sequence: number, errno: number, message?: string): Uint8Array => {
    const out = new NetlinkWriter();
    const { NLM_F_CAPPED, NLM_F_ACK_TLVS } = constants.nlmFlags;
    const flags = NLM_F_CAPPED | (message === undefined ? 0 : NLM_F_ACK_TLVS);
    out.message(constants.NLMSG_ERROR, flags, sequence, () => {
      out.u32(-errno >>> 0, 148, 0, sequence, 0);
      if (message !== undefined)
        out.attribute(constants.NLMSGERR_ATTR_MSG, () => out.text(message));
    });
    return out.bytes();
  };

  test("says whether it was done, and what was wrong in the kernel's words", () => {
    expect(parseAcks(ack(1, 0))).toEqual([{ sequence: 1, errno: 0, message: undefined }]);
    expect(parseAcks(ack(2, 95, "Unknown device type"))).toEqual([
      { sequence: 2, errno: 95, message: "Unknown device type" },
    ]);
    expect(parseAcks(Buffer.concat([ack(1, 0), ack(2, 17)])).map((a) => a.errno)).toEqual([0, 17]);
  });

  test("whatever bytes come, reading them ends", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        parseAcks(bytes);
      }),
    );
    const whole = ack(1, 22, "Attribute failed policy validation");
    for (let i = 0; i < whole.length; i++) parseAcks(whole.subarray(0, i));
  });
});

test("a request reads as strace would show it, with the ip command that does the same", () => {
  const requests = [
    veth,
    bridge,
    setLink,
    alias,
    newAddress,
    newRoute,
    delLink,
    port,
    qdisc,
    filter,
  ];
  expect(requests.map(textOf)).toEqual([
    'RTM_NEWLINK {kind=veth, ifname="kt0123456789ab", mtu=1400, master="kontener0", IFF_UP, peer={ifname="eth0", address=02:6b:0a:6f:00:02, net_ns_pid=$PID}}',
    'RTM_NEWLINK {kind=bridge, ifname="kontener0", address=02:6b:0a:6f:00:01}',
    'RTM_SETLINK {ifname="eth0", IFF_UP}',
    'RTM_SETLINK {ifname="br0", ~IFF_UP, ifalias="mine"}',
    'RTM_NEWADDR {ifname="eth0", local=10.111.0.2/16}',
    "RTM_NEWROUTE {dst=default, gateway=10.111.0.1}",
    'RTM_DELLINK {ifname="kt0123456789ab"}',
    'RTM_SETLINK {ifname="eth0", protinfo={isolated=1}}',
    'RTM_NEWQDISC {ifname="eth0", kind=ingress}',
    'RTM_NEWTFILTER {ifname="eth0", parent=ingress, kind=bpf, pass={}, TCA_BPF_FLAG_ACT_DIRECT}',
  ]);
  expect(requests.map((request) => shellOf(request))).toEqual([
    "ip link add name kt0123456789ab mtu 1400 master kontener0 up type veth peer name eth0 address 02:6b:0a:6f:00:02 mtu 1400 netns $PID",
    "ip link add name kontener0 address 02:6b:0a:6f:00:01 type bridge",
    "ip link set dev eth0 up",
    "ip link set dev br0 down alias 'mine'",
    "ip addr add 10.111.0.2/16 dev eth0",
    "ip route add default via 10.111.0.1",
    "ip link del dev kt0123456789ab",
    "bridge link set dev eth0 isolated on",
    "tc qdisc add dev eth0 ingress",
    "tc filter add dev eth0 ingress protocol all pref 1 bpf direct-action bytecode '1,6 0 0 2'",
  ]);
  expect(shellOf(setLink, "container")).toBe("nsenter --target $PID --net ip link set dev eth0 up");
});

const compiler = ["cc", "gcc", "clang"].map((name) => Bun.which(name)).find(Boolean);

if (!compiler)
  console.error("rtnetlink's structures are not held against the headers: no C compiler");

describe.skipIf(!compiler)("the kernel's headers", () => {
  const directory = mkdtempSync(`${tmpdir()}/kontener-rtnetlink-`);
  afterAll(() => rmSync(directory, { recursive: true }));

  test("have the same numbers and sizes", async () => {
    const {
      structSizes,
      rtm,
      nlmFlags,
      ifla,
      iflaInfo,
      ifa,
      route,
      netlinkSocket,
      tca,
      verdicts,
      etherTypes,
      ...single
    } = constants;
    const numbers = {
      ...rtm,
      ...nlmFlags,
      ...ifla,
      ...iflaInfo,
      ...ifa,
      ...route,
      ...tca,
      ...verdicts,
      ...etherTypes,
      ...netlinkSocket,
      ...nft,
      ...single,
    };
    const lines = [
      ...Object.keys(numbers).map((name) => `printf("${name} %lld\\n", (long long)${name});`),
      ...Object.keys(structSizes).map(
        (name) => `printf("${name} %d\\n", (int)sizeof(struct ${name}));`,
      ),
    ];
    const source = `
      #define _GNU_SOURCE
      #include <stdio.h>
      #include <sys/socket.h>
      #include <linux/if.h>
      #include <linux/if_ether.h>
      #include <linux/pkt_cls.h>
      #include <linux/pkt_sched.h>
      #include <linux/netlink.h>
      #include <linux/rtnetlink.h>
      #include <linux/veth.h>
      #include <linux/netfilter/nfnetlink.h>
      #include <linux/netfilter/nf_tables.h>
      #ifndef SOL_NETLINK
      #define SOL_NETLINK 270
      #endif
      int main(void) { ${lines.join("\n")} }`;
    await Bun.write(`${directory}/numbers.c`, source);
    const built = Bun.spawnSync([
      compiler!,
      `${directory}/numbers.c`,
      "-o",
      `${directory}/numbers`,
    ]);
    if (!built.success) {
      console.error(
        `rtnetlink's numbers are not compared: ${built.stderr.toString().split("\n")[0]}`,
      );
      return; // a compiler without the headers
    }
    const output = Bun.spawnSync([`${directory}/numbers`])
      .stdout.toString()
      .trim();
    const theirs = Object.fromEntries(
      output.split("\n").map((line) => [line.split(" ")[0], Number(line.split(" ")[1])]),
    );
    expect(theirs).toEqual({ ...numbers, ...structSizes });
  });
});
