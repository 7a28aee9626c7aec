/** What the system tests share: an engine with state of its own, and a picture of the host to compare with. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";

export const root = new URL("../..", import.meta.url).pathname;
const isRoot = process.getuid?.() === 0;
if (!isRoot) console.error("system tests are skipped: containers need root (sudo bun test)");

/** A group of tests with real containers; skipped, with a line that says so, where this is not root. */
export function describeAsRoot(name: string, tests: () => void): void {
  setDefaultTimeout(60_000); // a guest without KVM and a loaded machine are slow; a test that hangs should still end
  (isRoot ? describe : describe.skip)(name, tests);
}

/** A test that is skipped for the reason given, which then stands in its name, and so in the output. */
export const testUnless = (lack: string | undefined) => (name: string, run: () => unknown) =>
  test.skipIf(lack !== undefined)(lack ? `${name} (skipped: ${lack})` : name, async () => {
    await run();
  });

/** For what a C compiler makes here. */
export const compiler = Bun.which("gcc") ?? Bun.which("cc");
export const noCompiler = compiler ? undefined : "no C compiler; apt-get install gcc libc6-dev";

export const missingFile = (path: string): string | undefined =>
  existsSync(path) ? undefined : `this host has no ${path}`;

export type Finished = { stdout: string; stderr: string; exitCode: number };
export type RunOptions = { stdin?: string; env?: Record<string, string> };

/** An engine that shares nothing with another: state directories, bridge and subnet of its own. */
export class Engine {
  readonly directory: string;
  readonly env: Record<string, string>;
  readonly bridge: string;
  #program = [process.execPath, `${root}src/cli/main.ts`];

  constructor(number: number) {
    this.directory = mkdtempSync("/var/tmp/kontener-test-");
    this.bridge = `kttest${number}`;
    this.env = {
      PATH: process.env["PATH"] ?? "",
      HOME: "/root",
      KONTENER_LIB: `${this.directory}/lib`,
      KONTENER_RUN: `${this.directory}/run`,
      KONTENER_BRIDGE: this.bridge,
      KONTENER_SUBNET: `10.213.${number}.0/24`,
      NO_COLOR: "1",
      // An image that is not here is asked for at its registry: no test may get as far as that.
      HTTPS_PROXY: "http://127.0.0.1:9",
      NO_PROXY: "localhost,127.0.0.1",
      DOCKER_CONFIG: `${this.directory}/docker`,
    };
    afterAll(() => this.close());
  }

  /** `kontener ARGS…`, to its end. */
  async run(args: readonly string[], { stdin, env }: RunOptions = {}): Promise<Finished> {
    const child = Bun.spawn(this.command(args), {
      cwd: root,
      env: { ...this.env, ...env },
      stdin: stdin === undefined ? "ignore" : new Blob([stdin]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, exitCode] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    return { stdout, stderr, exitCode };
  }

  command(args: readonly string[]): string[] {
    return [...this.#program, ...args];
  }

  /** From now on the built program: for tests that start it many hundred times, in half the time. */
  async build(): Promise<void> {
    const { build } = await import("../../tasks/build.ts");
    await build(`${this.directory}/kontener`);
    this.#program = [`${this.directory}/kontener`];
  }

  async close(): Promise<void> {
    const { stdout } = await this.run(["ps", "-aq"]);
    const left = stdout.split("\n").filter(Boolean);
    if (left.length > 0) await this.run(["rm", "-f", ...left]);
    await this.run(["network", "down", "--force"]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const command = (words: string[]): string => {
  try {
    return Bun.spawnSync(words, { stderr: "ignore" }).stdout.toString();
  } catch {
    return ""; // not installed
  }
};

const listing = (directory: string): string[] =>
  existsSync(directory)
    ? (readdirSync(directory, { recursive: true }) as string[]).map(
        (name) => `${directory}/${name}`,
      )
    : [];

const lines = (text: string): string[] => text.split("\n").map((line) => line.trim());

export type Picture = Record<string, string[]>;

/** Everything on the host that a container could leave behind. */
export function hostPicture(engine: Engine): Picture {
  const run = engine.env["KONTENER_RUN"]!;
  return {
    mounts: lines(readFileSync("/proc/self/mountinfo", "utf8"))
      .map((line) => line.split(" ").slice(2, 6).join(" "))
      .filter((line) => !line.includes("/run/netns")), // iproute2's, for the namespaces that tests make
    interfaces: readdirSync("/sys/class/net"),
    routes: lines(command(["ip", "route"]).replace(/ linkdown/g, "")),
    nft: lines(command(["nft", "list", "ruleset"])),
    iptables: lines(
      command(["iptables-save"])
        .replace(/^#.*$/gm, "")
        .replace(/\[\d+:\d+\]/g, ""),
    ),
    forwarding: [readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8")],
    cgroups: cgroups(),
    processes: engineProcesses(),
    state: [
      `${run}/containers`,
      `${run}/names`,
      `${run}/id-ranges`,
      `${run}/network/leases`,
      `${run}/network/ports`,
    ].flatMap(listing),
    layers: ["containers", "logs"].flatMap((name) =>
      listing(`${engine.env["KONTENER_LIB"]}/${name}`),
    ),
  };
}

/**
 * Waits until the host has nothing that it had not before, and still has all that it had: the kernel takes some things
 * away a little later, and other engines on this host may come and go meanwhile.
 */
export async function expectAsBefore(engine: Engine, before: Picture): Promise<void> {
  let left: Picture = {};
  const same = () => {
    const after = hostPicture(engine);
    left = {};
    for (const key of Object.keys(before)) {
      const added = after[key]!.filter((line) => !before[key]!.includes(line));
      const own = ["cgroups", "processes", "interfaces"].includes(key); // those of other engines may end
      const missing = own ? [] : before[key]!.filter((line) => !after[key]!.includes(line));
      if (added.length + missing.length)
        left[key] = [...added, ...missing.map((line) => `missing: ${line}`)];
    }
    return Object.keys(left).length === 0;
  };
  await eventually(same).catch(() => undefined);
  expect(left).toEqual({});
}

function cgroups(): string[] {
  const found: string[] = [];
  for (const tree of ["", ...readdirSync("/sys/fs/cgroup")]) {
    const directory = `/sys/fs/cgroup/${tree}/kontener`;
    if (existsSync(directory))
      found.push(
        ...readdirSync(directory, { withFileTypes: true }).flatMap((e) =>
          e.isDirectory() ? `${tree}/${e.name}` : [],
        ),
      );
  }
  return found.sort();
}

/** Monitors, loggers, waiters: whatever carries the launcher's name. */
function engineProcesses(): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return /^kontener-(monitor|logger|waiter)|\0__health\0/.test(line) ? [pid] : [];
    } catch {
      return [];
    }
  });
}

/** Waits until `check` holds; the kernel takes some things away a little later. */
export async function eventually(
  check: () => boolean | Promise<boolean>,
  milliseconds = 5000,
): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error("it did not come about in time");
    await Bun.sleep(20);
  }
}
