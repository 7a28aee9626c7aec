import { KontenerError } from "../abi/error.ts";
import type { StoredImage } from "../image/stored.ts";
import { addImage } from "../store/add.ts";
import { adding } from "../store/lock.ts";
import { getBase } from "./base.ts";
import { buildStage, lastTime } from "./build-stage.ts";
import { forgetLost } from "./cache.ts";
import { removeAbandoned } from "./scratch.ts";
import { stageNamed, type Stage, type Stages } from "./stages.ts";
import { isProxyArg } from "./steps.ts";
import type { BuildRequest, Built, Workshop } from "./workshop.ts";

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
    const unused = unusedArgs(request.buildArgs, stages, built.values());
    if (unused.length > 0)
      request.say(`nothing that was built uses --build-arg ${unused.join(", ")}`);
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

/** Arguments that no ARG has taken: a name that is misspelt, most of the time. A proxy needs none. */
function unusedArgs(
  given: ReadonlyMap<string, string>,
  { globals }: Stages,
  built: Iterable<Built>,
): string[] {
  const declared = [...built].flatMap(({ state }) => [...state.args.keys()]);
  const known = new Set([...globals.keys(), ...declared]);
  return [...given.keys()].filter((name) => !known.has(name) && !isProxyArg(name));
}
