import type { LogOption } from "./log-option.ts";
import type { RestartPolicy } from "./restart.ts";

export type PullPolicy = "missing" | "always" | "never";

/** How a container is started, beside what is in it ({@link ContainerOptions}): only the command line asks for these. */
export type EngineOptions = {
  /** Print the plan and do nothing; needs no root. */
  dryRun: boolean;
  /** Narrate the birth on stderr while it happens. */
  explain: false | "text" | "json";
  /** One call at a time, Enter goes on; with the reference executor only. */
  step: boolean;
  executor: "launcher" | "reference";
  /** How the result is printed: not at all, or as one JSON object when the container has ended. */
  format: "text" | "json";
  /**
   * The image was chosen by kontener, not by the user (`sh` without an image): prepare it where it is missing, and where
   * that fails say so in one line and take this one instead.
   */
  fallbackImage?: string;
  /** When the image is got from its registry (`--pull`): where it is not here, unless said otherwise. */
  pull?: PullPolicy;
  /** Of an index, this platform's image (`--platform`), as it was written. */
  platform?: string;
  /** The container outlives the command that starts it (`-d`). */
  detach?: boolean;
  /** Detached, and removed when it has ended (`-d --rm`). */
  autoRemove?: boolean;
  /** When a detached container is started again (`--restart`). */
  restart?: RestartPolicy;
  /** A file that the container's id is written to; it must not be there yet (`--cidfile`). */
  cidfile?: string;

  /** How much output of a detached container is kept (`--log-opt`). */
  logs?: LogOption;
};
