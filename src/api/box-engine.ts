import type { Container } from "../engine/container.ts";
import type { Image } from "../image/image.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { BoxFiles } from "./box-files.ts";
import { discard, discardDetached, findRunning, start, startDetached } from "./start.ts";

/** PID 1 sleeps. */
const idle = { stdio: ["ignore", "ignore", "ignore"], idle: true } as const;

/** The engine's side of a box: what its end takes away. It knows nothing of the {@link Box}, which may be forgotten. */
export class BoxEngine {
  readonly container: Container;
  readonly files: BoxFiles;
  /** It goes on when nobody here refers to it any more. */
  readonly detached: boolean;
  #discarded: Promise<void> | undefined;

  private constructor(container: Container, detached = false) {
    this.container = container;
    this.detached = detached;
    this.files = new BoxFiles(container);
  }

  static async start(options: ContainerOptions, image: Image): Promise<BoxEngine> {
    return new BoxEngine(await start(options, image, idle));
  }

  static async startDetached(options: ContainerOptions, image: Image): Promise<BoxEngine> {
    return new BoxEngine(await startDetached(options, image), true);
  }

  /** One that runs already, whoever has started it. */
  static async find(name: string): Promise<BoxEngine> {
    return new BoxEngine(await findRunning(name), true);
  }

  /** A second one that begins with the files that this one has now, but none of its processes. */
  async fork(): Promise<BoxEngine> {
    const { copyUpper, imageOf, upperOf, whileFrozen } = await import("./snapshot.ts");
    const { container } = this;
    upperOf(container); // refuses what cannot be done before anything is
    const image = await imageOf(container);
    // The first has its name, and by default its host name for it.
    const { name: _, ...options } = container.options;
    const forked = await whileFrozen(container, () =>
      start(options, image, { ...idle, prepared: (scratch) => copyUpper(container, scratch) }),
    );
    return new BoxEngine(forked);
  }

  /** A new image of what is in it now. */
  async commit(name: string): Promise<void> {
    const { commit } = await import("./snapshot.ts");
    await this.files.withRoot((root) => commit(this.container, root, name));
  }

  /** Ends all that runs in the box and takes it away. Idempotent. */
  async discard(): Promise<void> {
    this.files[Symbol.dispose]();
    const end = this.detached ? discardDetached : discard;
    await (this.#discarded ??= end(this.container));
  }

  /** Takes it away, unless it is to go on without this process. */
  async letGo(): Promise<void> {
    if (this.detached) this.files[Symbol.dispose]();
    else await this.discard();
  }
}
