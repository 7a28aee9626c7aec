import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Leftovers } from "./lifecycle/leftovers.ts";
import { describeAsRoot, Engine, eventually } from "./support.ts";

/**
 * What --internal, --isolated and another container's network keep apart, each with the way that is open once it is off.
 *
 *   outside 198.18.242.2 ──veth── ktwo0 198.18.242.1 [ this host ] ── kn-ID ── container
 *
 * Outside has a way back to containers, so that it is no missing route that keeps anybody out.
 */
describeAsRoot("walls between networks", () => {
  const engine = new Engine(242);
  const leftovers = new Leftovers(engine);
  let outside: Bun.Subprocess;

  const sh = (script: string): string => {
    const { stdout, stderr, success } = Bun.spawnSync(["sh", "-c", script]);
    if (!success) throw new Error(`${script}: ${stderr.toString()}`);
    return stdout.toString();
  };
  const ok = async (...args: string[]): Promise<string> => {
    const { stdout, stderr, exitCode } = await engine.run(args);
    leftovers.note(stdout);
    expect({ args, stderr, exitCode }).toEqual({ args, stderr: "", exitCode: 0 });
    return stdout;
  };
  const sleeper = (name: string, ...flags: string[]) =>
    ok("run", "-d", "--name", name, ...flags, "busybox", "sleep", "300");
  const inspected = async (name: string, network: string) => {
    const [found] = JSON.parse(await ok("inspect", name)) as [
      {
        Id: string;
        State: { Pid: number };
        NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
      },
    ];
    const address = found.NetworkSettings.Networks[network]!.IPAddress;
    return { id: found.Id, address, inside: `nsenter -t ${found.State.Pid} -n` };
  };
  const bridgeOf = async (network: string) => {
    const [found] = JSON.parse(await ok("network", "inspect", network)) as [
      { Interface: string; IPAM: { Config: [{ Gateway: string; Subnet: string }] } },
    ];
    return { bridge: found.Interface, ...found.IPAM.Config[0] };
  };
  const ping = (from: string, to: string): boolean =>
    Bun.spawnSync(["sh", "-c", `${from} ping -c1 -W1 ${to}`]).success;

  beforeAll(async () => {
    outside = Bun.spawn(["unshare", "--net", "sleep", "300"]);
    const own = sh("readlink /proc/self/ns/net");
    while (sh(`readlink /proc/${outside.pid}/ns/net`) === own) Bun.sleepSync(1);
    sh(`ip link add ktwo0 type veth peer name eth0 netns ${outside.pid}
        ip addr add 198.18.242.1/24 dev ktwo0; ip link set ktwo0 up
        nsenter -t ${outside.pid} -n sh -c 'ip addr add 198.18.242.2/24 dev eth0; ip link set eth0 up; ip route add default via 198.18.242.1'`);
    await ok("run", "busybox", "true");
  });
  afterAll(() => {
    outside.kill("SIGKILL");
    Bun.spawnSync(["ip", "link", "del", "ktwo0"]);
  });

  test("--internal: nobody gets out or in, with routes both ways, until its table is gone", async () => {
    await ok("network", "create", "--internal", "inner");
    const { bridge, Gateway } = await bridgeOf("inner");
    await sleeper("deep", "--network", "inner");
    const { address, inside } = await inspected("deep", "inner");
    sh(`${inside} ip route add default via ${Gateway}`);
    const out = () => ping(inside, "198.18.242.2");
    const into = () => ping(`nsenter -t ${outside.pid} -n`, address);
    expect(ping(inside, Gateway)).toBe(true);
    expect([out(), into()]).toEqual([false, false]);
    sh(`nft delete table ip ${bridge}`);
    expect([out(), into()]).toEqual([true, true]);
    await ok("run", "--network", "inner", "busybox", "true"); // rules come back with the next start
    expect([out(), into()]).toEqual([false, false]);
  });

  test("an internal network refuses published ports in one sentence", async () => {
    const { stderr, exitCode } = await engine.run([
      "run",
      "--network",
      "inner",
      "-p",
      "39242:80",
      "busybox",
      "true",
    ]);
    expect(exitCode).toBe(125);
    expect(stderr).toContain("--publish means nothing on an internal network");
  });

  test("--isolated: no neighbour is reached, by two walls of which each is enough", async () => {
    await ok("network", "create", "--isolated", "lonely");
    const { Gateway } = await bridgeOf("lonely");
    await sleeper("one", "--network", "lonely");
    await sleeper("two", "--network", "lonely");
    const [one, two] = [await inspected("one", "lonely"), await inspected("two", "lonely")];
    const reaches = () => ping(one.inside, two.address);
    expect(ping(one.inside, Gateway)).toBe(true);
    expect(ping(one.inside, "198.18.242.2")).toBe(true); // the way out is open
    expect(reaches()).toBe(false);
    const filters = sh(
      `tc filter show dev kt${one.id} ingress; tc filter show dev kt${two.id} ingress`,
    );
    expect(filters).toContain("bpf");
    for (const { id } of [one, two]) sh(`tc qdisc del dev kt${id} ingress`);
    expect(reaches()).toBe(false); // the switch's ports are apart
    for (const { id } of [one, two]) sh(`bridge link set dev kt${id} isolated off`);
    expect(reaches()).toBe(true);
    await ok("rm", "-f", "one", "two");
    await sleeper("one", "--network", "lonely");
    await sleeper("two", "--network", "lonely");
    const [first, second] = [await inspected("one", "lonely"), await inspected("two", "lonely")];
    for (const { id } of [first, second]) sh(`bridge link set dev kt${id} isolated off`);
    expect(ping(first.inside, second.address)).toBe(false); // the filters by themselves
  });

  test("-P publishes what the image exposes, at free ports; a port that -p names is published as named", async () => {
    const context = mkdtempSync("/var/tmp/kontener-context-");
    try {
      writeFileSync(
        `${context}/Dockerfile`,
        `FROM busybox\nEXPOSE 80 53/udp 81\nCMD ["sh", "-c", "echo built >/tmp/name; exec httpd -f -p 80 -h /tmp"]\n`,
      );
      expect(await engine.run(["build", "-t", "exposes", context])).toMatchObject({ exitCode: 0 });
    } finally {
      rmSync(context, { recursive: true });
    }
    await ok("run", "-d", "--name", "web", "-P", "-p", "39243:81", "exposes");
    const ports = await ok("port", "web");
    expect(ports).toMatch(
      /^53\/udp -> 0\.0\.0\.0:\d+\n80\/tcp -> 0\.0\.0\.0:\d+\n81\/tcp -> 0\.0\.0\.0:39243\n$/,
    );
    const port = /80\/tcp -> 0\.0\.0\.0:(\d+)/.exec(ports)![1];
    const get = () => fetch(`http://198.18.242.1:${port}/name`).then((answer) => answer.text());
    await eventually(async () => (await get().catch(() => "")) === "built\n");
    await ok("rm", "-f", "web");
    await ok("run", "-d", "--name", "web", "exposes"); // without -P nothing is
    expect(await ok("port", "web")).toBe("");
    await ok("rm", "-f", "web");
  });

  test("--network container: and a user namespace of one's own exclude each other; the other may have one", async () => {
    await sleeper("base", "--userns", "auto");
    const refused = await engine.run([
      "run",
      "--network",
      "container:base",
      "--userns",
      "auto",
      "busybox",
      "true",
    ]);
    expect(refused).toMatchObject({ exitCode: 125, stdout: "" });
    expect(refused.stderr).toBe(
      "kontener: another container's network cannot be joined from a user namespace of one's own\n" +
        "  leave out --userns, or connect both to a network: kontener network create NAME\n",
    );
    const namespace = (...args: string[]) => ok(...args, "readlink", "/proc/self/ns/net");
    expect(await namespace("run", "--network", "container:base", "busybox")).toBe(
      await namespace("exec", "base"),
    );
  });

  test("nothing is left", async () => {
    await ok("rm", "-f", "deep", "one", "two", "base");
    await ok("network", "prune");
    await leftovers.expectNone("rm -f");
  });
});
