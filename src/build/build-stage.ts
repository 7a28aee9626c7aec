import { KontenerError } from "../abi/error.ts";
import type { History } from "../oci/image-spec.ts";
import { emptyBase, getBase } from "./base.ts";
import { recall, remember, stepKey, type Cached } from "./cache.ts";
import { prepareCopy } from "./copy-step.ts";
import { wrongLine } from "./dockerfile.ts";
import { prepareRun } from "./run-step.ts";
import { instructionsOf, type Stage } from "./stages.ts";
import { startState, type Facts } from "./state.ts";
import { evaluate, isProxyArg, type Evaluated, type Step } from "./steps.ts";
import { prepareWorkdir } from "./workdir-step.ts";
import type { Built, Prepared, Workshop } from "./workshop.ts";

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

/** A stage from its base to its last instruction. */
export async function buildStage(stage: Stage, shop: Workshop): Promise<Built> {
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

export function lastTime(history: readonly History[]): Pick<History, "created"> {
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
  return prepareWorkdir(step.path, built, shop);
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
