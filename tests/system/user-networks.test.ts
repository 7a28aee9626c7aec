import { beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { Leftovers } from "./lifecycle/leftovers.ts";
import { describeAsRoot, Engine, eventually, root } from "./support.ts";

describeAsRoot("networks of the user's", () => {
  const engine = new Engine(10);
  const leftovers = new Leftovers(engine);
  const ok = async (...args: string[]): Promise<string> => {
    const { stdout, stderr, exitCode } = await engine.run(args);
    leftovers.note(stdout);
    expect({ args, stderr, exitCode }).toEqual({ args, stderr: "", exitCode: 0 });
    return stdout;
  };
  const sleeper = (name: string, ...flags: string[]) =>
    ok("run", "-d", "--name", name, ...flags, "busybox", "sleep", "300");
  const reaches = async (from: string, to: string): Promise<boolean> =>
    (await engine.run(["exec", from, "ping", "-c1", "-W1", to])).exitCode === 0;
  const addressOn = async (name: string, network: string): Promise<string> => {
    const [found] = JSON.parse(await ok("inspect", name)) as [
      { NetworkSettings: { Networks: Record<string, { IPAddress: string }> } },
    ];
    return found.NetworkSettings.Networks[network]!.IPAddress;
  };

  beforeAll(async () => {
    await ok("run", "busybox", "true");
  });

  test("containers on one network find each other by name, alias, host name and id", async () => {
    await ok("network", "create", "blue");
    const db = (
      await sleeper("db", "--network", "blue", "--network-alias", "store", "--hostname", "dbhost")
    ).trim();
    await sleeper("app", "--network", "blue");
    for (const name of ["db", "store", "dbhost", db]) expect(await reaches("app", name)).toBe(true);
    expect(await reaches("db", "app")).toBe(true); // it was there first, and its file was written anew
    expect(await reaches("db", "nobody")).toBe(false);
  });

  test("another network is out of reach, by name and by address, until connect", async () => {
    await ok("network", "create", "green", "--subnet", "10.213.110.0/24");
    await sleeper("web", "--network", "green", "--ip", "10.213.110.9");
    const address = await addressOn("web", "green");
    expect(address).toBe("10.213.110.9");
    expect(await reaches("app", "web")).toBe(false);
    expect(await reaches("app", address)).toBe(false);
    await ok("network", "connect", "green", "app");
    expect(await reaches("app", "web")).toBe(true);
    expect(await reaches("web", "app")).toBe(true);
    expect(await reaches("db", address)).toBe(false);
    await ok("rename", "web", "shop");
    expect(await reaches("app", "shop")).toBe(true);
    expect(await reaches("app", "web")).toBe(false);
    await ok("rename", "shop", "web");
    await ok("network", "disconnect", "green", "app");
    expect(await reaches("app", address)).toBe(false);
    expect(await ok("exec", "web", "cat", "/etc/hosts")).not.toContain("app");
  });

  test("it is the table's drop that keeps them apart", async () => {
    const green = JSON.parse(await ok("network", "inspect", "green"))[0].Interface as string;
    const address = await addressOn("web", "green");
    expect(await reaches("app", address)).toBe(false);
    Bun.spawnSync(["nft", "delete", "table", "ip", green]);
    expect(await reaches("app", address)).toBe(true);
    await ok("run", "--network", "green", "busybox", "true"); // rules come back with the next start
    expect(await reaches("app", address)).toBe(false);
  });

  test("a container on two networks has both, also after it was started again", async () => {
    await sleeper("both", "--network", "blue", "--network", "green");
    for (const to of ["db", "web"]) expect(await reaches("both", to)).toBe(true);
    await ok("restart", "-t", "0", "both");
    for (const to of ["db", "web"]) expect(await reaches("both", to)).toBe(true);
  });

  test("a container that was taken off its last network has none, also after a start; connect gives it one", async () => {
    await sleeper("loner", "--network", "green");
    await ok("network", "disconnect", "green", "loner");
    const cables = async () => (await ok("exec", "loner", "ls", "/sys/class/net")).trim();
    expect(await cables()).toBe("lo");
    await ok("restart", "-t", "0", "loner");
    expect(await cables()).toBe("lo");
    await ok("network", "connect", "green", "loner");
    expect(await reaches("loner", "web")).toBe(true);
    expect(await ok("exec", "loner", "ip", "route")).toContain("default via");
    await ok("rm", "-f", "loner");
  });

  test("nobody sends in a name that is not its own, on a second network neither", async () => {
    const flags = ["--cap-add", "NET_ADMIN", "--network", "bridge", "--network", "green"];
    const id = (await sleeper("thief", ...flags)).trim();
    const target = await addressOn("web", "green");
    await ok("exec", "thief", "ip", "addr", "add", "10.213.110.200/24", "dev", "eth1");
    const forged = ["exec", "thief", "ping", "-c1", "-W1", "-I", "10.213.110.200", target];
    expect(await reaches("thief", target)).toBe(true); // in its own name
    expect((await engine.run(forged)).exitCode).toBe(1);
    Bun.spawnSync(["tc", "qdisc", "del", "dev", `kt${id}1`, "ingress"]);
    expect((await engine.run(forged)).exitCode).toBe(0); // the attack works without the filter
    await ok("rm", "-f", "thief");
  });

  test("twelve that start at once all know each other, with a port each", async () => {
    const names = Array.from({ length: 12 }, (_, i) => `many${i}`);
    await Promise.all(names.map((name) => sleeper(name, "--network", "blue", "-p", "80")));
    for (const name of names) {
      const hosts = await ok("exec", name, "cat", "/etc/hosts");
      expect(names.filter((other) => !hosts.includes(`\t${other} `))).toEqual([]);
    }
    const ports = await Promise.all(names.map((name) => ok("port", name)));
    expect(new Set(ports).size).toBe(names.length);
    await ok("rm", "-f", ...names);
    expect(await ok("exec", "app", "cat", "/etc/hosts")).not.toContain("many");
  });

  test("--internal leads nowhere but to the host; --isolated to no neighbour", async () => {
    await ok("network", "create", "--internal", "inner");
    await sleeper("deep", "--network", "inner");
    expect(await ok("exec", "deep", "ip", "route")).not.toContain("default");
    const gateway = JSON.parse(await ok("network", "inspect", "inner"))[0].IPAM.Config[0]
      .Gateway as string;
    expect(await reaches("deep", gateway)).toBe(true);
    // with a route of its own neither
    const address = await addressOn("deep", "inner");
    expect(address).not.toBe("");
    const pid = JSON.parse(await ok("inspect", "deep"))[0].State.Pid as number;
    Bun.spawnSync([
      "nsenter",
      "-t",
      `${pid}`,
      "-n",
      "ip",
      "route",
      "add",
      "default",
      "via",
      gateway,
    ]);
    expect(await reaches("deep", await addressOn("web", "green"))).toBe(false);
    await ok("network", "create", "--isolated", "lonely");
    await sleeper("one", "--network", "lonely");
    await sleeper("two", "--network", "lonely");
    expect(await reaches("one", await addressOn("two", "lonely"))).toBe(false);
  });

  test("--network container:NAME is in the other's network, exec too", async () => {
    await sleeper("side", "--network", "container:db");
    const namespace = async (name: string) =>
      await ok("exec", name, "readlink", "/proc/self/ns/net");
    expect(await namespace("side")).toBe(await namespace("db"));
    expect(await ok("exec", "side", "cat", "/etc/hosts")).toBe(
      await ok("exec", "db", "cat", "/etc/hosts"),
    );
    expect(await reaches("side", "app")).toBe(true);
    await ok("rm", "-f", "side");
    expect(await reaches("db", "app")).toBe(true);
    const refused = await engine.run(["run", "--network", "container:nobody", "busybox", "true"]);
    expect(refused.stderr).toContain('there is no container "nobody"');
  });

  test("what cannot be is refused in one sentence", async () => {
    const refused = async (...args: string[]) => {
      const { exitCode, stderr } = await engine.run(args);
      expect(exitCode).not.toBe(0);
      return stderr;
    };
    expect(await refused("network", "create", "blue")).toContain(
      'there is a network "blue" already',
    );
    expect(await refused("network", "create", "x", "--subnet", "10.213.110.0/25")).toContain(
      "collides with 10.213.110.0/24 of green",
    );
    expect(await refused("network", "rm", "blue")).toContain("the network blue is in use");
    expect(await refused("network", "rm", "bridge")).toContain(
      "the network bridge is always there",
    );
    expect(await refused("run", "--network", "blu", "busybox")).toContain("did you mean blue?");
    expect(await refused("run", "--network", "green", "--ip", "10.213.110.9", "busybox")).toContain(
      "the address 10.213.110.9 is taken by container",
    );
    expect(await refused("run", "--network", "green", "--ip", "10.9.9.9", "busybox")).toContain(
      "--ip 10.9.9.9 is not an address in 10.213.110.0/24",
    );
  });

  test("network ls prints docker's fields by a template, and one object on each line", async () => {
    await ok("network", "create", "--internal", "--label", "team=red", "listed");
    const template = '{{.Name}} {{.Driver}} {{.Internal}} {{.Label "team"}}';
    expect(await ok("network", "ls", "--format", template)).toContain("listed bridge true red\n");
    const lines = (await ok("network", "ls", "--format", "json")).trim().split("\n");
    const rows = lines.map((line) => JSON.parse(line) as { Name: string; Scope: string });
    expect(rows.map(({ Name }) => Name)).toContain("listed");
    expect(new Set(rows.map(({ Scope }) => Scope))).toEqual(new Set(["local"]));
    await ok("network", "rm", "listed");
  });

  test("a killed engine's container is out of its neighbours' files after the next command", async () => {
    const child = Bun.spawn(
      engine.command(["run", "--name", "dying", "--network", "blue", "busybox", "sleep", "300"]),
      {
        env: engine.env,
        cwd: root,
        stdio: ["ignore", "ignore", "ignore"],
      },
    );
    await eventually(() => reaches("app", "dying"));
    child.kill("SIGKILL");
    await child.exited;
    await ok("ps");
    expect(await ok("exec", "app", "cat", "/etc/hosts")).not.toContain("dying");
  });

  test("nothing is left of networks that are removed", async () => {
    await ok("rm", "-f", "db", "app", "web", "both", "deep", "one", "two");
    const bridges = (await ok("network", "ls", "--format", "json")).match(/kn-[0-9a-f]{8}/g)!;
    const there = () => [...readdirSync("/sys/class/net"), ...tables()];
    const tables = () =>
      Bun.spawnSync(["nft", "list", "tables"])
        .stdout.toString()
        .match(/kn-[0-9a-f]{8}/g) ?? [];
    expect(there()).toEqual(expect.arrayContaining(bridges));
    await ok("network", "prune", "-f");
    expect(there().filter((name) => bridges.includes(name))).toEqual([]);
    expect(await ok("network", "ls", "-q")).toBe("bridge\n");
    await leftovers.expectNone("prune");
    expect(readdirSync(`${engine.env["KONTENER_LIB"]}/networks`)).toEqual([]);
    expect(existsSync(`${engine.env["KONTENER_RUN"]}/network/hosts.lock`)).toBe(true); // a lock, empty
  });
});
