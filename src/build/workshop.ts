import type { History } from "../oci/image-spec.ts";
import type { AddedLayer } from "../store/add.ts";
import type { Base, Supply } from "./base.ts";
import type { Dockerfile } from "./dockerfile.ts";
import type { Ignore } from "./ignore.ts";
import type { Stage, Stages } from "./stages.ts";
import type { State } from "./state.ts";
import type { RunStep } from "./steps.ts";

export type BuildRequest = Supply & {
  file: Dockerfile;
  stages: Stages;
  /** The context's directory; undefined where there is none (`build -`). */
  context: string | undefined;
  ignore: Ignore;
  buildArgs: ReadonlyMap<string, string>;
  secrets: ReadonlyMap<string, { text: Uint8Array }>;
  labels: Record<string, string>;
  /** Whole references. */
  tags: string[];
  network: RunStep["network"];
  useCache: boolean;
  /** Where the output of RUN goes. */
  output: "stderr" | "on failure";
  /** Told before each step, and of one that was found in the cache. */
  progress(line: string): void;
  /** Ends what is being run. */
  signal: AbortSignal;
};

/** A stage that is done, or as far as it is. */
export type Built = { base: Base; state: State; layers: AddedLayer[]; history: History[] };

/** What a step needs to be done: the key's further content, and the doing. */
export type Prepared = {
  content: string;
  /** null where no file has changed. */
  make(): Promise<AddedLayer | null>;
};

export type Workshop = BuildRequest & {
  built: Map<number, Built>;
  /** The layers of a COPY's `--from`, lowest first. */
  layersOf(from: string, stage: Stage): Promise<AddedLayer[]>;
};
