import { expect } from "bun:test";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { linkName } from "../../../src/network/link-name.ts";
import { eventually, type Engine } from "../support.ts";

/**
 * What one engine has left on the host. Other engines may come and go on it meanwhile, so only what carries an id that
 * this one has given, or has one of its files open, counts: {@link note} is told of ids.
 */
export class Leftovers {
  readonly #ids = new Set<string>();
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Remembers the ids in a text: what a command has printed, or what strace has seen of it. */
  note(text: string): void {
    for (const [id] of text.matchAll(/(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])/g)) this.#ids.add(id);
  }

  /** Waits a little: the kernel takes some things away later. */
  async expectNone(context: string): Promise<void> {
    let found = this.#find();
    const none = () => (found = this.#find()).length === 0;
    await eventually(none).catch(() => undefined);
    expect([context, ...found]).toEqual([context]);
  }

  #find(): string[] {
    const { directory, env } = this.#engine;
    const [run, lib] = [env["KONTENER_RUN"]!, env["KONTENER_LIB"]!];
    const state = [
      `${run}/containers`,
      `${run}/names`,
      `${run}/network/leases`,
      `${run}/network/ports`,
      `${lib}/containers`,
      `${lib}/logs`,
      `${lib}/records`,
    ].flatMap((path) => list(path).map((name) => `${path}/${name}`));
    const mounts = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(directory));
    return [
      ...state,
      ...mounts,
      ...this.#groups(),
      ...this.#links(),
      ...this.#rules(),
      ...processes(directory),
    ];
  }

  #groups(): string[] {
    return ["", ...list("/sys/fs/cgroup")].flatMap((tree) =>
      [...this.#ids]
        .map((id) => `/sys/fs/cgroup/${tree}/kontener/${id}`)
        .filter((path) => existsSync(path)),
    );
  }

  #links(): string[] {
    const names = [...this.#ids].map((id) => linkName(id));
    return list("/sys/class/net").filter((link) => names.some((name) => link.startsWith(name)));
  }

  /** Rules that lead a port of the host's to where a container was. */
  #rules(): string[] {
    const command = ["nft", "list", "table", "ip", this.#engine.bridge];
    if (Bun.which("nft") === null) return [];
    const { stdout } = Bun.spawnSync(command, { stderr: "ignore" });
    return stdout.toString().match(/.* dnat to .*/g) ?? [];
  }
}

/** Monitors and loggers that have a file of the engine's open, or wait for one that never comes. */
function processes(directory: string): string[] {
  return list("/proc").flatMap((pid) => {
    const fds = /^\d+$/.test(pid) ? list(`/proc/${pid}/fd`) : [];
    const open = fds.flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    });
    const own = pid !== String(process.pid) && open.some((path) => path.startsWith(directory));
    return own ? [`process ${pid}: ${open.join(" ")}`] : [];
  });
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
