import { KontenerError } from "../abi/error.ts";
import type { Container } from "../engine/container.ts";
import { hostRoot } from "../plan/user-namespace.ts";
import type { CopyOptions } from "./files/copy.ts";
import { openDirectory } from "../image/directory.ts";
import type { Place, ReadOptions, WriteOptions } from "./files/files.ts";
import type { Input } from "./stdin.ts";

/**
 * A box's files, from outside. Its root directory is opened once, while PID 1 is known to be the box's: later its number
 * could be another process's, and /proc/<pid>/root the host's.
 */
export class BoxFiles implements Disposable {
  readonly #place: Place;
  #open = true;

  constructor({ pid, spec }: Container) {
    const { user, cwd } = spec.process;
    const root = hostRoot(spec);
    this.#place = {
      root: openDirectory(`/proc/${pid}/root`),
      uid: root.uid + user.uid,
      gid: root.gid + user.gid,
      cwd,
    };
  }

  async readFile(path: string, options: ReadOptions): Promise<string | Uint8Array> {
    const { readFile } = await import("./files/files.ts");
    using place = this.#enter();
    const bytes = await readFile(place, path, options);
    return options.encoding === "utf8" ? new TextDecoder().decode(bytes) : bytes;
  }

  async writeFile(path: string, data: Input, options: WriteOptions): Promise<void> {
    const { writeFile } = await import("./files/files.ts");
    using place = this.#enter();
    await writeFile(place, path, data, options);
  }

  async mkdir(path: string, { mode }: { mode?: number }): Promise<void> {
    const { makeDirectories, pathIn } = await import("./files/files.ts");
    using place = this.#enter();
    makeDirectories(place, pathIn(place, path), mode)[Symbol.dispose]();
  }

  async glob(pattern: string): Promise<string[]> {
    const { glob } = await import("./files/glob.ts");
    using place = this.#enter();
    return await glob(place, pattern);
  }

  async copyIn(source: string, path: string, options: CopyOptions): Promise<string[]> {
    const { copyIn } = await import("./files/copy.ts");
    using place = this.#enter();
    return await copyIn(place, source, path, options);
  }

  async copyOut(path: string, destination: string, options: CopyOptions): Promise<string[]> {
    const { copyOut } = await import("./files/copy.ts");
    using place = this.#enter();
    return await copyOut(place, path, destination, options);
  }

  /** The root directory's path, for as long as `fn` runs. */
  async withRoot<T>(fn: (path: string) => Promise<T>): Promise<T> {
    using place = this.#enter();
    return await fn(`/proc/self/fd/${place.root.fd}/.`);
  }

  /**
   * What one operation uses: a descriptor of its own, as the box may be closed meanwhile, and the number of what is closed
   * becomes that of something else.
   */
  #enter(): Place & Disposable {
    if (!this.#open)
      throw new KontenerError("the box is closed, its files are gone", { code: "ENDED" });
    const root = this.#place.root.duplicate();
    return { ...this.#place, root, [Symbol.dispose]: () => root[Symbol.dispose]() };
  }

  [Symbol.dispose](): void {
    if (this.#open) this.#place.root[Symbol.dispose]();
    this.#open = false;
  }
}
