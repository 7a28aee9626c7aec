import { expect, test } from "bun:test";
import { linkName } from "../../src/network/link-name.ts";
import { World } from "./network/world.ts";

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.error("tests/system/network-firewalls is skipped: it needs root");
const hasNft = Bun.which("nft") !== null;
const hasIptables = Bun.which("iptables") !== null;
if (!hasNft) console.error("nftables' rules are not tried: apt-get install nftables");
if (!hasIptables) console.error("iptables' rules are not tried: apt-get install iptables");

const id = "a".repeat(64);
const { outsideAddress, hostAddress } = World;

/** Each has a host and a world of its own. */
const scene = (name: string, needs: boolean, fn: (world: World) => Promise<void>): void =>
  test.skipIf(!isRoot || !needs)(
    name,
    async () => {
      await using world = await World.make();
      await fn(world);
    },
    30_000,
  );

/** The rules that iptables has, less its own empty chains, which come with the first rule and stay. */
const iptablesRules = async (world: World): Promise<string> =>
  (await world.must(world.host, "iptables-save")).replaceAll(
    /^(#|\*|COMMIT|:[A-Z]+ ACCEPT).*\n/gm,
    "",
  );

scene("with iptables only, NAT works and down leaves no rule", hasIptables, async (world) => {
  await world.hide("nft");
  const container = await world.container();
  expect((await world.attach(id, container)).warnings).toEqual([]);
  expect(await world.ask(container, "tcp")).toBe(hostAddress);
  expect(await world.ask(container, "udp")).toBe(hostAddress);
  await world.task("up"); // a second time adds nothing
  const rules = await iptablesRules(world);
  expect(rules.match(/-A FORWARD -j kttest0-forward/g)).toHaveLength(1);
  expect(rules.match(/-A POSTROUTING -j kttest0-nat/g)).toHaveLength(1);
  // a published port, from outside, from the host and from the container itself
  const get = async (from: Bun.Subprocess, address: string) => await world.get(from, address);
  expect(await get(world.outside, `${hostAddress}:8080`)).toBe("");
  await world.serve(container);
  await world.publish({ id, hostPort: 8080, containerPort: 80 });
  expect(await get(world.outside, `${hostAddress}:8080`)).toBe("served");
  expect(await get(world.host, "127.0.0.1:8080")).toBe("served");
  // as the plan of a container with ports does; attach() knows of none
  await world.must(world.host, "bridge", "link", "set", "dev", linkName(id), "hairpin", "on");
  expect(await get(container, `${hostAddress}:8080`)).toBe("served");
  await world.publish({ id });
  expect(await get(world.outside, `${hostAddress}:8080`)).toBe("");
  expect(await world.task("down --force")).toMatchObject({ exitCode: 0 });
  expect(await iptablesRules(world)).toBe("");
});

scene(
  "where iptables drops what is forwarded, as docker sets it, containers get out all the same",
  hasIptables && hasNft,
  async (world) => {
    await world.must(world.host, "iptables", "-P", "FORWARD", "DROP");
    const before = await world.picture();
    const container = await world.container();
    expect((await world.attach(id, container)).warnings).toEqual([]);
    expect(await world.ask(container, "tcp")).toBe(hostAddress);
    // without the passage they do not
    const jump = ["FORWARD", "-j", "kttest0-forward"];
    await world.must(world.host, "iptables", "-D", ...jump);
    expect(await world.ping(container, outsideAddress)).toBe(false);
    await world.must(world.host, "iptables", "-I", ...jump);
    await world.task("down --force");
    expect((await world.picture())["iptables"]).toBe(before["iptables"]!);
  },
);

scene("another table that drops is named, with commands that mend it", hasNft, async (world) => {
  const firewall =
    "table inet fw { chain ways { type filter hook forward priority 10; policy drop; }; }";
  await world.must(world.host, "nft", firewall);
  const container = await world.container();
  const { warnings } = await world.attach(id, container);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain("table inet fw");
  expect(await world.ping(container, outsideAddress)).toBe(false);
  for (const command of warnings[0]!.match(/nft insert rule [^;]*/g) ?? [])
    await world.must(world.host, "sh", "-c", command);
  expect(await world.ping(container, outsideAddress)).toBe(true);
});

scene(
  "without nft and iptables a container has the bridge, and is told what is missing",
  true,
  async (world) => {
    await world.hide("nft");
    await world.hide("iptables");
    const container = await world.container();
    const missing =
      "containers have no way out of kttest0: the host has neither nft nor iptables; to mend that: apt-get install nftables";
    expect((await world.attach(id, container)).warnings).toEqual([missing]);
    expect(await world.ping(container, "10.99.0.1")).toBe(true);
    expect(await world.ping(container, outsideAddress)).toBe(false);
    // the next start says it again, or finds the tool that was installed meanwhile
    const other = await world.container();
    expect((await world.attach("b".repeat(64), other)).warnings).toEqual([missing]);
    for (const tool of ["nft", "iptables"].map((name) => Bun.which(name)))
      if (tool) await world.must(world.host, "umount", tool);
    const third = await world.container();
    expect((await world.attach("c".repeat(64), third)).warnings).toEqual([]);
    expect(await world.ping(container, outsideAddress)).toBe(hasNft || hasIptables);
  },
);

scene(
  "a subnet that the host uses is refused in words, and nothing is left",
  true,
  async (world) => {
    await world.must(world.host, "ip", "route", "add", "10.96.0.0/12", "via", outsideAddress);
    const before = await world.picture();
    const { exitCode, stderr } = await world.task("up");
    expect(exitCode).toBe(125);
    expect(stderr).toContain(
      "10.99.0.0/24 collides with the host's route to 10.96.0.0/12 through uplink",
    );
    expect(stderr).toContain("KONTENER_SUBNET=");
    expect(await world.picture()).toEqual(before);
  },
);

scene("an interface that is not kontener's is neither used nor removed", true, async (world) => {
  await world.must(world.host, "ip", "link", "add", "kttest0", "type", "bridge");
  const before = await world.picture();
  expect((await world.task("up")).stderr).toContain("an interface kttest0 that is not kontener's");
  await world.task("down");
  expect(await world.picture()).toEqual(before);
});

scene("four first starts at the same time share one bridge and no address", true, async (world) => {
  const containers = await Promise.all(Array.from({ length: 4 }, () => world.container()));
  const attached = await Promise.all(
    containers.map((each, i) => world.attach(String(i).repeat(64), each)),
  );
  expect(new Set(attached.map(({ address }) => address)).size).toBe(4);
  expect(attached.flatMap(({ warnings }) => warnings)).toEqual([]);
  for (const each of containers) expect(await world.ping(each, outsideAddress)).toBe(true);
});

scene(
  "forwarding stays on while another engine's bridge is up, and goes back with the last",
  true,
  async (world) => {
    const forwarding = (): Promise<string> =>
      world.must(world.host, "cat", "/proc/sys/net/ipv4/ip_forward");
    const other = { KONTENER_BRIDGE: "kttest1", KONTENER_SUBNET: "10.97.0.0/24" };
    await world.task("up");
    await world.task("up", other);
    await world.task("down");
    expect(await forwarding()).toBe("1\n");
    await world.task("down", other);
    expect(await forwarding()).toBe("0\n");
  },
);
