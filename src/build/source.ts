import { closeSync, readdirSync, statSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { AT_FDCWD, openFlags, openFlagsArm64 } from "../abi/open.ts";
import { call } from "../linux/libc.ts";
import { openInRoot } from "../linux/open-in-root.ts";
import { globSource, hasGlob, type Ignore } from "./ignore.ts";

const O = process.arch === "arm64" ? openFlagsArm64 : openFlags;

/** Where a COPY takes its files from: the context, or the root of a stage or an image. */
export class Source implements Disposable {
  /** For messages: "the context". */
  readonly name: string;
  readonly ignore: Ignore;
  readonly #root: number;
  readonly #opened: number[] = [];

  /** @param root a directory's path, or an open descriptor of it, which then is the source's */
  constructor(root: string | number, name: string, ignore: Ignore) {
    const flags = O.O_RDONLY | O.O_DIRECTORY | O.O_CLOEXEC;
    this.#root = typeof root === "number" ? root : call("openat", AT_FDCWD, root, flags, 0);
    this.name = name;
    this.ignore = ignore;
  }

  /**
   * The paths that a pattern means, as they are in the source. One without wildcards is itself.
   *
   * @throws KontenerError NOT_FOUND
   */
  find(pattern: string): string[] {
    const parts = clean(pattern);
    let found = [""];
    for (const part of parts) {
      const regex = hasGlob(part) ? new RegExp(`^${globSource(part)}$`, "s") : undefined;
      found = found.flatMap((path) =>
        (regex
          ? this.#list(path).filter((name) => regex.test(name))
          : [part.replace(/\\(.)/g, "$1")]
        ).map((name) => (path === "" ? name : `${path}/${name}`)),
      );
    }
    const there = found.filter((path) => !this.ignores(path) && this.#try(path));
    if (there.length > 0) return there;
    const ignored = found.some((path) => this.ignores(path));
    throw new KontenerError(`${JSON.stringify(pattern)} is not in ${this.name}`, {
      code: "NOT_FOUND",
      hint: ignored ? "the .dockerignore leaves it out" : "paths are those below its root",
    });
  }

  ignores(path: string): boolean {
    return path !== "" && this.ignore.ignores(path);
  }

  /** A path that leads to what lies there, links followed within the source: openat2(2), RESOLVE_IN_ROOT. */
  open(path: string): string {
    const fd = this.#open(path);
    if (fd < 0) throw new KontenerError(`${path} is not in ${this.name}`, { code: "NOT_FOUND" });
    this.#opened.push(fd);
    return `/proc/self/fd/${fd}`;
  }

  /** Whether a path leads to a directory. */
  isDirectory(path: string): boolean {
    const fd = this.#open(path);
    if (fd < 0) return false;
    try {
      return statSync(`/proc/self/fd/${fd}`).isDirectory();
    } finally {
      closeSync(fd);
    }
  }

  [Symbol.dispose](): void {
    for (const fd of this.#opened.splice(0)) closeSync(fd);
    closeSync(this.#root);
  }

  #open(path: string): number {
    return openInRoot(this.#root, path || ".", O.O_PATH | O.O_CLOEXEC);
  }

  #try(path: string): boolean {
    const fd = this.#open(path);
    if (fd >= 0) closeSync(fd);
    return fd >= 0;
  }

  #list(path: string): string[] {
    const fd = this.#open(path);
    if (fd < 0) return [];
    try {
      return readdirSync(`/proc/self/fd/${fd}`).toSorted();
    } catch {
      return []; // no directory
    } finally {
      closeSync(fd);
    }
  }
}

/** Never above the root: as for a shell in it, `..` of the root is the root. */
function clean(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return parts;
}
