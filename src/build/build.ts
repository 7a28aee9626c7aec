import { KontenerError } from "../abi/error.ts";
import type { StoredImage } from "../image/stored.ts";
import type { Paths } from "../linux/paths.ts";
import type { History } from "../oci/image-spec.ts";
import { addImage, type AddedLayer } from "../store/add.ts";
import { adding } from "../store/lock.ts";
import { emptyBase, getBase, type Base } from "./base.ts";
import { forgetLost, recall, remember, stepKey, type Cached } from "./cache.ts";
import { prepareCopy } from "./copy-step.ts";
import { wrongLine, type Dockerfile } from "./dockerfile.ts";
import type { Ignore } from "./ignore.ts";
import { prepareRun } from "./run-step.ts";
import { removeAbandoned, Scratch } from "./scratch.ts";
import { instructionsOf, stageNamed, type Stage, type Stages } from "./stages.ts";
import { startState, type Facts, type State } from "./state.ts";
import { evaluate, isProxyArg, type Evaluated, type RunStep, type Step } from "./steps.ts";
import { Copier } from "./copy.ts";
import { layerOfUpper } from "./upper-layer.ts";

export type BuildRequest = {
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
  /** Gets an image from its registry. */
  pull(name: string): Promise<void>;
  /** Do that also where the image is here. */
  pullAlways: boolean;
  paths: Paths;
  /** Where the output of RUN goes. */
  output: "stderr" | "on failure";
  /** Told before each step, and of one that was found in the cache. */
  progress(line: string): void;
  say(line: string): void;
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

/** Builds the stages that are needed, and makes an image of the last one. Whatever happens, no half layer is left. */
export async function buildImage(request: BuildRequest): Promise<StoredImage> {
  const { stages, paths } = request;
  return await adding(paths, async () => {
    await removeAbandoned(paths);
    forgetLost(paths);
    const built = new Map<number, Built>();
    const shop: Workshop = {
      ...request,
      built,
      layersOf: (from, stage) => layersOf(shop, from, stage),
    };
    for (const index of stages.needed) built.set(index, await buildStage(stages.all[index]!, shop));
    const { base, state, layers, history } = built.get(stages.needed.at(-1)!)!;
    const labels = { ...state.config.Labels, ...request.labels };
    const author = state.author ?? base.file.author;
    return await addImage(
      {
        ...base.file,
        ...lastTime(history),
        ...(author === undefined ? {} : { author }),
        config: { ...state.config, ...(Object.keys(labels).length > 0 ? { Labels: labels } : {}) },
        history,
      },
      layers,
      request.tags,
      paths,
    );
  });
}

async function layersOf(shop: Workshop, from: string, stage: Stage) {
  const { stages, built } = shop;
  const other = stageNamed(from, stages.all.slice(0, stage.index));
  const done = other && built.get(other.index);
  if (other && !done)
    throw new KontenerError(`stage ${from} is not built: only an ONBUILD refers to it`, {
      code: "UNSUPPORTED",
    });
  return (done ?? (await getBase(from, shop))).layers;
}

async function baseOf(stage: Stage, shop: Workshop): Promise<Built> {
  const { built, file } = shop;
  const { base: from } = stage;
  if (from.kind === "stage") {
    const { base, state, layers, history } = built.get(from.index)!;
    const next = { ...startState(state.config), ...(state.author ? { author: state.author } : {}) };
    return { base, state: next, layers: [...layers], history: [...history] };
  }
  try {
    const base = from.kind === "scratch" ? emptyBase() : await getBase(from.name, shop);
    const state = startState(base.file.config ?? {});
    return { base, state, layers: [...base.layers], history: [...(base.file.history ?? [])] };
  } catch (error) {
    throw located(error, file.name, stage.line);
  }
}

async function buildStage(stage: Stage, shop: Workshop): Promise<Built> {
  const { file, stages, buildArgs, network, progress, signal } = shop;
  const facts: Facts = { name: file.name, escape: file.escape, buildArgs, globals: stages.globals };
  const built = await baseOf(stage, shop);
  const { state, all } = instructionsOf(stage, built.state);
  built.state = state;
  const label = stages.needed.length > 1 ? `${stage.name ?? `stage ${stage.index}`} ` : "";
  for (const [i, instruction] of all.entries()) {
    signal.throwIfAborted();
    const done = evaluate(instruction, built.state, facts, network);
    const title = `[${label}${i + 1}/${all.length}] ${file.name}:${done.line}: ${done.text.split("\n")[0]}`;
    try {
      await perform(done, stage, built, shop, (cached) =>
        progress(cached ? `${title} (cached)` : title),
      );
    } catch (error) {
      throw located(error, file.name, done.line);
    }
    built.state = done.state;
  }
  return built;
}

async function perform(
  { step, text, state }: Evaluated,
  stage: Stage,
  built: Built,
  shop: Workshop,
  begins: (cached: boolean) => void,
): Promise<void> {
  const { paths, useCache } = shop;
  if (step.kind === "config") {
    begins(false);
    // The time of what came before: of its own it has none that would be the same the next time.
    const created = lastTime(built.history);
    built.history.push({ ...created, created_by: text, empty_layer: true });
    return;
  }
  const { content, make } = await prepareStep(step, stage, { ...built, state }, shop);
  const chain = built.layers.map(({ diffId }) => diffId).join(" ");
  const key = stepKey(chain, keyOf(step), content);
  let result: Cached | undefined = useCache ? recall(key, paths) : undefined;
  begins(result !== undefined);
  if (!result) {
    result = { layer: await make(), created: new Date().toISOString() };
    remember(key, result, paths);
  }
  const { layer, created } = result;
  if (layer) built.layers.push(layer);
  built.history.push({ created, created_by: text, ...(layer ? {} : { empty_layer: true }) });
}

function lastTime(history: readonly History[]): Pick<History, "created"> {
  const created = history.findLast((entry) => entry.created !== undefined)?.created;
  return created === undefined ? {} : { created };
}

/** A proxy is no part of what a step makes. */
function keyOf(step: Step): unknown {
  if (step.kind !== "run") return step;
  const env = Object.entries(step.run.env).filter(([name]) => !isProxyArg(name));
  return { ...step, run: { ...step.run, env } };
}

async function prepareStep(
  step: Exclude<Step, { kind: "config" }>,
  stage: Stage,
  built: Built,
  shop: Workshop,
): Promise<Prepared> {
  if (step.kind === "run") return await prepareRun(step.run, stage, built, shop);
  if (step.kind === "copy") return await prepareCopy(step.copy, stage, built, shop);
  const make = async (): Promise<AddedLayer | null> => {
    await using scratch = new Scratch(shop.paths);
    using copier = new Copier(scratch.openRoot(built.layers), shop.say);
    if (!copier.makeDirectory(step.path, undefined)) return null;
    copier.finish();
    return await layerOfUpper(scratch.upper, {
      paths: shop.paths,
      below: built.layers,
      say: shop.say,
    });
  };
  return { content: "", make };
}

/** An error of a step, with the place in the Dockerfile before it. */
function located(error: unknown, name: string, line: number): unknown {
  if (!(error instanceof KontenerError) || error.message.startsWith(`${name}:`)) return error;
  const { message, hint } = wrongLine(name, line, error.message, error.hint);
  return new KontenerError(message, {
    code: error.code,
    hint,
    exitCode: error.exitCode,
    cause: error,
  });
}
