import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Attached } from "./attach.ts";

const here = new URL(".", import.meta.url).pathname;
const root = new URL("../../..", import.meta.url).pathname;
const busybox = `${root}node_modules/busybox-static/bin/busybox`;

export type Output = { stdout: string; stderr: string; exitCode: number };

/**
 * A host of our own and a world outside, each a network namespace with a process that keeps it; so nothing here touches
 * the machine's own network, and tests at the same time do not see each other.
 *
 *   container ──veth── kontener0 [ host: forwards, NAT ] uplink ──veth── eth0 [ outside: 198.51.100.2, no way back ]
 *   10.99.0.2          10.99.0.1                         198.51.100.1
 */
export class World implements AsyncDisposable {
  static readonly hostAddress = "198.51.100.1";
  static readonly outsideAddress = "198.51.100.2";
  readonly #run = mkdtempSync(`${tmpdir()}/kontener-network-`);
  readonly #processes: Bun.Subprocess[] = [];
  readonly bridge = "kttest0";
  host!: Bun.Subprocess;
  outside!: Bun.Subprocess;

  static async make(): Promise<World> {
    const world = new World();
    const [host, outside] = await Promise.all([world.container(), world.container()]);
    Object.assign(world, { host, outside });
    await world.must(
      host,
      "sh",
      "-c",
      `echo 0 >/proc/sys/net/ipv4/ip_forward
       ip link set lo up
       ip link add uplink type veth peer name eth0 netns ${outside.pid}
       ip addr add ${World.hostAddress}/24 dev uplink
       ip link set uplink mtu 1400 up`,
    );
    await world.must(
      outside,
      "sh",
      "-c",
      `ip addr add ${World.outsideAddress}/24 dev eth0; ip link set eth0 up; ip link set lo up`,
    );
    await world.must(host, "ip", "route", "add", "default", "via", World.outsideAddress);
    const server = world.#start(outside, [process.execPath, `${here}peer.ts`, "serve"]);
    await server.stdout.getReader().read();
    return world;
  }

  /** A process with a network namespace of its own, as a container's first is. */
  async container(): Promise<Bun.Subprocess> {
    const keep = "mount -t sysfs sysfs /sys && echo ready && exec sleep 120";
    const child = Bun.spawn(["unshare", "--net", "--mount", "sh", "-c", keep], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#processes.push(child);
    await child.stdout.getReader().read();
    return child;
  }

  /** Runs a command in the network (and mount) namespace of a process. */
  run(where: Bun.Subprocess, ...command: string[]): Promise<Output> {
    return this.#finish(this.#start(where, command));
  }

  async #finish(child: Bun.Subprocess<"ignore", "pipe", "pipe">): Promise<Output> {
    const [stdout, stderr, exitCode] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    return { stdout, stderr, exitCode };
  }

  async must(where: Bun.Subprocess, ...command: string[]): Promise<string> {
    const { stdout, stderr, exitCode } = await this.run(where, ...command);
    if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** Takes a tool away from the host. */
  async hide(tool: string): Promise<void> {
    const path = Bun.which(tool);
    if (path) await this.must(this.host, "mount", "--bind", "/dev/null", path);
  }

  /** `bun tasks/network.ts VERB…` on the host. */
  task(words: string, env?: Record<string, string>): Promise<Output> {
    return this.#finish(
      this.#start(
        this.host,
        [process.execPath, `${root}tasks/network.ts`, ...words.split(" ")],
        env,
      ),
    );
  }

  async attach(id: string, container: Bun.Subprocess): Promise<Attached> {
    const script = `${here}attach.ts`;
    return JSON.parse(
      await this.must(this.host, process.execPath, script, id, `${container.pid}`),
    ) as Attached;
  }

  /** Asks the outside which address it sees; empty without an answer. */
  async ask(from: Bun.Subprocess, protocol: "tcp" | "udp"): Promise<string> {
    const { outsideAddress } = World;
    const client = [process.execPath, `${here}peer.ts`, protocol, outsideAddress];
    return (await this.run(from, ...client)).stdout.trim();
  }

  /** A web server on port 80, whose every answer is "served". */
  async serve(where: Bun.Subprocess): Promise<void> {
    const www = `${this.#run}/www`;
    const script = `mkdir -p ${www}; printf served >${www}/index.html; echo ready; exec ${busybox} httpd -f -p 80 -h ${www}`;
    await this.#start(where, ["sh", "-c", script]).stdout.getReader().read();
  }

  async get(from: Bun.Subprocess, address: string): Promise<string> {
    return (await this.run(from, busybox, "wget", "-qO-", "-T2", `http://${address}/`)).stdout;
  }

  /** Publishes a port of a connected container; without one it takes the container's back. */
  async publish(port: { id: string; hostPort?: number; containerPort?: number }): Promise<void> {
    await this.must(this.host, process.execPath, `${here}publish.ts`, JSON.stringify(port));
  }

  async ping(from: Bun.Subprocess, address: string): Promise<boolean> {
    return (await this.run(from, busybox, "ping", "-c1", "-W1", address)).exitCode === 0;
  }

  /** Everything on the host that `up` changes. */
  async picture(): Promise<Record<string, string>> {
    const commands = {
      links: "ip -o link | grep -v ': lo:'",
      addresses: "ip -o -4 addr",
      routes: "ip route; ip rule",
      nft: "nft list ruleset",
      iptables: "iptables-save | grep -v '^#' | sed 's/ \\[[0-9:]*\\]//'",
      forwarding: "cat /proc/sys/net/ipv4/ip_forward",
      directory: `find ${this.#run}`,
    };
    const entries = Object.entries(commands).map(
      async ([name, command]) =>
        [name, (await this.run(this.host, "sh", "-c", command)).stdout] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes) child.kill("SIGKILL");
    await Promise.all(this.#processes.map((child) => child.exited));
    rmSync(this.#run, { recursive: true });
  }

  #start(
    where: Bun.Subprocess,
    command: string[],
    env: Record<string, string> = {},
  ): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    const enter = ["nsenter", "--target", `${where.pid}`, "--net", "--mount", "--"];
    const child = Bun.spawn([...enter, ...command], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        KONTENER_RUN: `${this.#run}/run`,
        KONTENER_BRIDGE: this.bridge,
        KONTENER_SUBNET: "10.99.0.0/24",
        ...env,
      },
    });
    this.#processes.push(child);
    return child;
  }
}
