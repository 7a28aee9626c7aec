import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { shellOf } from "../../src/abi/rtnetlink-text.ts";
import { inNetworkNamespace } from "../../src/linux/namespace.ts";
import { applyLinkSteps, removeLink } from "../../src/network/apply.ts";
import { linkName } from "../../src/network/link-name.ts";
import { planNetwork } from "../../src/network/plan.ts";
import { World } from "./network/world.ts";

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.error("tests/system/network is skipped: it needs root");

const id = (digit: string): string => digit.repeat(64);

test.skipIf(!isRoot)(
  "the thread comes back from another namespace, also where the call fails",
  () => {
    const own = readlinkSync("/proc/thread-self/ns/net");
    const child = Bun.spawn(["unshare", "--net", "sleep", "60"]);
    try {
      while (readlinkSync(`/proc/${child.pid}/ns/net`) === own) Bun.sleepSync(1);
      const inside = inNetworkNamespace(child.pid, () => readlinkSync("/proc/thread-self/ns/net"));
      expect(inside).not.toBe(own);
      const fail = (): never => {
        throw new Error("no socket");
      };
      expect(() => inNetworkNamespace(child.pid, fail)).toThrow("no socket");
      expect(readlinkSync("/proc/thread-self/ns/net")).toBe(own);
    } finally {
      child.kill("SIGKILL");
    }
  },
);

test.skipIf(!isRoot)("a request that fails prints as the call, with what to do", () => {
  expect(() => removeLink("lo")).toThrow(
    expect.objectContaining({
      message: 'remove interface lo: RTM_DELLINK(ifname="lo"): EOPNOTSUPP',
      errno: "EOPNOTSUPP",
    }),
  );
  removeLink("kt-not-there"); // what is gone is gone
  const steps = planNetwork({
    id: id("e"),
    address: "10.99.0.2",
    prefix: 24,
    gateway: "10.99.0.1",
    bridge: "kt-not-there",
  });
  expect(() => applyLinkSteps(steps, process.pid)).toThrow(
    'look for interface kt-not-there: ioctl(SIOCGIFINDEX, {ifr_name="kt-not-there"}): ENODEV',
  );
});

describe.skipIf(!isRoot)("a container's network", () => {
  let world: World;
  let before: Record<string, string>;
  let container: Bun.Subprocess;

  beforeAll(async () => {
    world = await World.make();
    before = await world.picture();
    container = await world.container();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test("attaching the first container raises the bridge and leaves the engine where it was", async () => {
    expect(await world.attach(id("a"), container)).toEqual({
      address: "10.99.0.2",
      warnings: [],
      sameNamespace: true,
    });
    const status = JSON.parse((await world.task("status --format json")).stdout) as unknown;
    expect(status).toEqual({
      bridge: world.bridge,
      subnet: "10.99.0.0/24",
      up: true,
      firewall: "nftables",
      rules: true,
      forwarding: true,
      leases: [{ address: "10.99.0.2", id: id("a") }],
    });
  });

  test("the container reaches its gateway and the outside by ping", async () => {
    expect(await world.ping(container, "10.99.0.1")).toBe(true);
    expect(await world.ping(container, World.outsideAddress)).toBe(true);
  });

  test("the container sends no packet that is too large for the host's way out", async () => {
    expect(await world.must(container, "ip", "link", "show", "eth0")).toContain("mtu 1400");
  });

  test("the host takes no IPv6 from containers, so no router advertisements either", async () => {
    const addresses = (name: string): Promise<string> =>
      world.must(world.host, "ip", "-6", "addr", "show", name);
    expect(await addresses("uplink")).toContain("fe80:"); // what an interface has by itself
    expect(await addresses(world.bridge)).toBe("");
  });

  test("the outside sees the host's address, by TCP and by UDP", async () => {
    expect(await world.ask(container, "tcp")).toBe(World.hostAddress);
    expect(await world.ask(container, "udp")).toBe(World.hostAddress);
  });

  test("the outside cannot open a connection into a container, with a route to it either", async () => {
    await world.must(world.outside, "ip", "route", "add", "10.99.0.0/24", "via", World.hostAddress);
    expect(await world.ping(world.outside, "10.99.0.2")).toBe(false);
    // with the rules off the same ping arrives
    await world.must(world.host, "nft", "delete", "table", "ip", world.bridge);
    expect(await world.ping(world.outside, "10.99.0.2")).toBe(true);
    await world.must(world.outside, "ip", "route", "del", "10.99.0.0/24");
  });

  test("rules that somebody flushed come back with the next container, or with up", async () => {
    await world.must(world.host, "nft", "flush", "ruleset");
    expect(await world.ping(container, World.outsideAddress)).toBe(false);
    await world.attach(id("d"), await world.container());
    expect(await world.ping(container, World.outsideAddress)).toBe(true);
    await world.must(world.host, "nft", "flush", "ruleset");
    expect((await world.task("up")).exitCode).toBe(0);
    expect(await world.ping(container, World.outsideAddress)).toBe(true);
  });

  test("two containers reach each other without NAT", async () => {
    const other = await world.container();
    const { address } = await world.attach(id("b"), other);
    expect(address).toBe("10.99.0.4");
    expect(await world.ping(other, "10.99.0.2")).toBe(true);
  });

  test("the requests do what the shell commands shown for them do", async () => {
    const byHand = await world.container();
    const steps = planNetwork({
      id: id("c"),
      address: "10.99.0.99",
      prefix: 24,
      gateway: "10.99.0.1",
      bridge: world.bridge,
      mtu: 1400,
    });
    const commands = steps.map(({ request, netns }) => shellOf(request, netns)).join(" && ");
    await world.must(world.host, "sh", "-c", commands.replaceAll("$PID", `${byHand.pid}`));
    // what the kernel counts and draws by lot is made equal
    const look = async (where: Bun.Subprocess): Promise<string> =>
      (
        await world.must(
          where,
          "sh",
          "-c",
          "ip -o link show eth0; ip -4 -o addr show eth0; ip route",
        )
      )
        .replaceAll("10.99.0.99", "10.99.0.2")
        .replaceAll("02:6b:0a:63:00:63", "02:6b:0a:63:00:02")
        .replaceAll(/eth0@if\d+/g, "eth0");
    expect(await look(byHand)).toBe(await look(container));
    expect(await world.ask(byHand, "tcp")).toBe(World.hostAddress);
    const filterOf = (digit: string): Promise<string> =>
      world.must(world.host, "tc", "filter", "show", "dev", linkName(id(digit)), "ingress");
    const shown = (own: string): string => /bytecode '(.*)'/.exec(own)?.[1] ?? "none";
    expect(shown(await filterOf("c"))).toBe(shown(commands));
    const [words, theirs] = [await filterOf("a"), await filterOf("c")];
    expect(words.replaceAll(/bytecode '.*'/g, "")).toBe(theirs.replaceAll(/bytecode '.*'/g, ""));
  });

  test("down refuses while addresses are leased, and names the containers", async () => {
    const { exitCode, stderr } = await world.task("down");
    expect(exitCode).toBe(125);
    expect(stderr).toContain("the network is in use: 3 addresses are leased");
    expect(stderr).toContain("bbbbbbbbbbbb");
  });

  test("down --force leaves the host as it was, forwarding included", async () => {
    expect(await world.task("down --force")).toMatchObject({ exitCode: 0, stderr: "" });
    const links = await world.must(world.host, "ip", "-o", "link");
    for (const name of links.match(/\bkt[0-9a-f]{12}\b/g) ?? [])
      await world.must(world.host, "ip", "link", "del", name); // their containers are still there
    const after = await world.picture();
    expect({ ...after, directory: "" }).toEqual({ ...before, directory: "" });
  });
});
