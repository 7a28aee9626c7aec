import type { Container } from "../engine/container.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { BoxFiles } from "./box-files.ts";
import { discard, start } from "./start.ts";

/** The engine's side of a box: what its end takes away. It knows nothing of the {@link Box}, which may be forgotten. */
export class BoxEngine {
  readonly container: Container;
  readonly files: BoxFiles;
  #discarded: Promise<void> | undefined;

  private constructor(container: Container) {
    this.container = container;
    this.files = new BoxFiles(container);
  }

  static async start(options: ContainerOptions): Promise<BoxEngine> {
    return new BoxEngine(
      await start(options, { stdio: ["ignore", "ignore", "ignore"], idle: true }),
    );
  }

  /** Ends all that runs in the box and takes it away. Idempotent. */
  async discard(): Promise<void> {
    this.files[Symbol.dispose]();
    await (this.#discarded ??= discard(this.container));
  }
}
