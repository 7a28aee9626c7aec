import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Leftovers } from "./lifecycle/leftovers.ts";
import { describeAsRoot, Engine, eventually, root } from "./support.ts";

/**
 * Outside is a network namespace with a cable to this host:
 *
 *   outside 198.18.9.2 ──veth── ktpo0 198.18.9.1 [ this host ] ── kttest9 ── container
 */
const host = "198.18.9.1";
const port = 39080;
const busybox = `${root}node_modules/busybox-static/bin/busybox`;

describeAsRoot("published ports", () => {
  const engine = new Engine(9);
  const leftovers = new Leftovers(engine);
  let outside: Bun.Subprocess;

  const sh = (script: string): string => {
    const { stdout, stderr, success } = Bun.spawnSync(["sh", "-c", script]);
    if (!success) throw new Error(`${script}: ${stderr.toString()}`);
    return stdout.toString();
  };
  /** What a connection to an address gets, from a network namespace or from the host. */
  const get = (url: string, where: readonly string[] = []): string =>
    Bun.spawnSync([...where, busybox, "wget", "-qO-", "-T2", `http://${url}/name`], {
      stderr: "ignore",
    }).stdout.toString();
  /** What this engine has on the host: others come and go meanwhile. */
  const own = async () => ({
    containers: (await engine.run(["ps", "-aq"])).stdout,
    ports: readdirSync(`${engine.env["KONTENER_RUN"]}/network/ports`),
    leases: readdirSync(`${engine.env["KONTENER_RUN"]}/network/leases`),
    rules: sh(`nft list table ip ${engine.bridge}`),
  });
  const fromOutside = (): string[] => ["nsenter", "-t", `${outside.pid}`, "-n"];
  const serve = (name: string) => [
    "busybox",
    "sh",
    "-c",
    `echo ${name} >/tmp/name; exec httpd -f -p 80 -h /tmp`,
  ];
  const start = async (name: string, ...flags: string[]) => {
    const result = await engine.run(["run", "-d", "--name", name, ...flags, ...serve(name)]);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    leftovers.note(result.stdout);
    await eventually(
      async () =>
        (await engine.run(["exec", name, "wget", "-qO-", "127.0.0.1/name"])).stdout === `${name}\n`,
    );
  };

  beforeAll(() => {
    outside = Bun.spawn(["unshare", "--net", "sleep", "300"]);
    const own = sh("readlink /proc/self/ns/net");
    while (sh(`readlink /proc/${outside.pid}/ns/net`) === own) Bun.sleepSync(1);
    sh(`ip link add ktpo0 type veth peer name eth0 netns ${outside.pid}
        ip addr add ${host}/24 dev ktpo0; ip link set ktpo0 up
        nsenter -t ${outside.pid} -n sh -c 'ip addr add 198.18.9.2/24 dev eth0; ip link set eth0 up; ip link set lo up'`);
  });
  afterAll(() => {
    outside.kill("SIGKILL");
    Bun.spawnSync(["ip", "link", "del", "ktpo0"]);
  });

  test("a port is reached from outside, from the host, from another container and from its own", async () => {
    expect(get(`${host}:${port}`, fromOutside())).toBe("");
    await start("web", "-p", `${port}:80`);
    expect(get(`${host}:${port}`, fromOutside())).toBe("web\n");
    expect(get(`${host}:${port}`)).toBe("web\n");
    expect(get(`127.0.0.1:${port}`)).toBe("web\n");
    const wget = ["wget", "-qO-", "-T", "2", `http://${host}:${port}/name`];
    expect((await engine.run(["run", "busybox", ...wget])).stdout).toBe("web\n");
    expect((await engine.run(["exec", "web", ...wget])).stdout).toBe("web\n");
  });

  test("ps, port and inspect show it", async () => {
    expect((await engine.run(["ps"])).stdout).toContain(`0.0.0.0:${port}->80/tcp`);
    expect((await engine.run(["port", "web"])).stdout).toBe(`80/tcp -> 0.0.0.0:${port}\n`);
    expect((await engine.run(["port", "web", "80/tcp"])).stdout).toBe(`0.0.0.0:${port}\n`);
    expect(await engine.run(["port", "web", "81"])).toMatchObject({ exitCode: 1, stdout: "" });
    const { stdout } = await engine.run(["inspect", "web"]);
    expect(JSON.parse(stdout)[0].NetworkSettings.Ports).toEqual({
      "80/tcp": [{ HostIp: "0.0.0.0", HostPort: `${port}` }],
    });
  });

  test("a port that another container or a process has is refused in one sentence, and nothing is left", async () => {
    const before = await own();
    const another = await engine.run(["run", "-p", `127.0.0.1:${port}:80`, "busybox", "true"]);
    expect(another.exitCode).toBe(125);
    expect(another.stderr).toMatch(
      /^kontener: port 127.0.0.1:39080\/tcp is taken: container [0-9a-f]{12} has it\n/,
    );
    using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const process = await engine.run(["run", "-p", `${listener.port}:80`, "busybox", "true"]);
    expect(process.exitCode).toBe(125);
    expect(process.stderr).toContain(
      `port 0.0.0.0:${listener.port}/tcp is taken: a process of the host's has it`,
    );
    const foreign = await engine.run(["run", "-p", "203.0.113.7:80:80", "busybox", "true"]);
    expect(foreign.stderr).toContain("203.0.113.7 is not an address of this host");
    expect(await own()).toEqual(before);
  });

  test("rules that somebody flushed come back with their ports at the next start", async () => {
    sh(`nft delete table ip ${engine.bridge}`);
    expect(get(`${host}:${port}`, fromOutside())).toBe("");
    expect((await engine.run(["run", "busybox", "true"])).exitCode).toBe(0);
    expect(get(`${host}:${port}`, fromOutside())).toBe("web\n");
  });

  test("a port on 127.0.0.1 is the host's alone, also for a neighbour that sends to it", async () => {
    await start("local", "-p", "127.0.0.1:39081:80");
    expect(get("127.0.0.1:39081")).toBe("local\n");
    expect(get(`${host}:39081`, fromOutside())).toBe("");
    // what is for 127.0.0.1 may arrive by a cable: only the rule in front keeps it from being sent on
    sh(
      `nsenter -t ${outside.pid} -n sh -c 'sysctl -qw net.ipv4.conf.all.route_localnet=1; ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1 via ${host} src 198.18.9.2 onlink dev eth0'`,
    );
    expect(get("127.0.0.1:39081", fromOutside())).toBe("");
    const handle = /ip daddr 127.0.0.0\/8 return # handle (\d+)/.exec(
      sh(`nft -a list chain ip ${engine.bridge} prerouting`),
    )![1]!;
    sh(`nft delete rule ip ${engine.bridge} prerouting handle ${handle}`);
    expect(get("127.0.0.1:39081", fromOutside())).toBe("local\n"); // the attack works without it
    expect((await engine.run(["rm", "-f", "local"])).exitCode).toBe(0); // and the rules are made anew
    expect(get("127.0.0.1:39081")).toBe("");
  });

  test("a container does not reach the host's own services on 127.0.0.1", async () => {
    expect(readFileSync(`/proc/sys/net/ipv4/conf/${engine.bridge}/route_localnet`, "utf8")).toBe(
      "1\n",
    );
    using service = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => new Response("secret"),
    });
    // its own loopback out of the way, 127.0.0.1 goes to the gateway
    const attack = `ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1 via 10.213.9.1 dev eth0; echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet; sleep 60`;
    const attacker = Bun.spawn(
      engine.command(["run", "--name", "attacker", "--privileged", "busybox", "sh", "-c", attack]),
      { env: engine.env, cwd: root, stdio: ["ignore", "ignore", "ignore"] },
    );
    let pid = 0;
    await eventually(
      async () =>
        (pid =
          (JSON.parse((await engine.run(["inspect", "attacker"])).stdout)[0]?.State.Pid as
            number | undefined) ?? 0) > 0,
    );
    const inside = ["nsenter", "-t", `${pid}`, "-n"];
    await eventually(() => sh(`${inside.join(" ")} ip route`).includes("127.0.0.1 via"));
    // not get(): it would hold up the service, which is in this process
    const steal = () =>
      Bun.spawn([...inside, busybox, "wget", "-qO-", "-T2", `http://127.0.0.1:${service.port}/`], {
        stdout: "pipe",
        stderr: "ignore",
      }).stdout.text();
    expect(await steal()).toBe("");
    const { stdout } = await engine.run(["inspect", "attacker"]);
    const { Id } = JSON.parse(stdout)[0] as { Id: string };
    sh(`tc qdisc del dev kt${Id} ingress`);
    expect(await steal()).toBe("secret"); // the attack works without the filter on its cable
    await engine.run(["rm", "-f", "attacker"]);
    await attacker.exited;
  });

  test("UDP, a free port and a range of ports are published too", async () => {
    const { exitCode } = await engine.run([
      "run",
      "-d",
      "--name",
      "many",
      "-p",
      "80",
      "-p",
      "53/udp",
      "-p",
      "39090-39092:90-92",
      "busybox",
      "sh",
      "-c",
      "exec nc -u -l -p 53 -e echo answer",
    ]);
    expect(exitCode).toBe(0);
    const ports = (await engine.run(["port", "many"])).stdout;
    expect(ports).toMatch(
      /^53\/udp -> 0\.0\.0\.0:\d+\n80\/tcp -> 0\.0\.0\.0:\d+\n90\/tcp -> 0\.0\.0\.0:39090\n91\/tcp -> 0\.0\.0\.0:39091\n92\/tcp -> 0\.0\.0\.0:39092\n$/,
    );
    const udp = /53\/udp -> 0\.0\.0\.0:(\d+)/.exec(ports)![1]!;
    const answer = sh(
      `echo question | ${fromOutside().join(" ")} timeout 3 ${busybox} nc -u -w1 ${host} ${udp} || true`,
    );
    expect(answer).toBe("answer\n");
    await engine.run(["rm", "-f", "many"]);
  });

  test("an engine that is killed leaves no port behind once the next command has run", async () => {
    const before = await own();
    const child = Bun.spawn(engine.command(["run", "-p", "39085:80", ...serve("dying")]), {
      env: engine.env,
      cwd: root,
      stdio: ["ignore", "ignore", "ignore"],
    });
    const noted = `${engine.env["KONTENER_RUN"]}/network/ports/tcp-0.0.0.0-39085`;
    await eventually(() => get("127.0.0.1:39085") === "dying\n");
    child.kill("SIGKILL");
    await child.exited;
    await engine.run(["ps"]);
    expect(existsSync(noted)).toBe(false);
    expect(await own()).toEqual(before);
    expect((await engine.run(["run", "-p", "39085:80", "busybox", "true"])).exitCode).toBe(0);
  });

  test("the port goes with the container", async () => {
    expect((await engine.run(["rm", "-f", "web"])).exitCode).toBe(0);
    expect(get(`127.0.0.1:${port}`)).toBe("");
    expect(sh(`nft list table ip ${engine.bridge}`)).not.toContain("dnat");
    await leftovers.expectNone("rm -f");
  });
});
