import { KontenerError } from "../abi/error.ts";
import { peekImage } from "../image/store.ts";
import type { Paths } from "../linux/paths.ts";
import type { ContainerConfig } from "../oci/image-spec.ts";
import type { BuildRequest } from "./workshop.ts";
import { instructionsOf, type Stage } from "./stages.ts";
import { startState, type State } from "./state.ts";
import { evaluate, type Step } from "./steps.ts";

export type PlannedStage = {
  stage: Stage["base"] & { number: number; as: string | undefined };
  steps: { line: number; text: string; step: Step }[];
  config: ContainerConfig;
};

type Request = Pick<BuildRequest, "file" | "stages" | "buildArgs" | "network" | "paths">;

/** `--dry-run`: the steps of each stage, and the config that it ends with. An image that is not here is taken for empty. */
export async function planBuild(request: Request): Promise<PlannedStage[]> {
  const { file, stages, buildArgs, network, paths } = request;
  const facts = { name: file.name, escape: file.escape, buildArgs, globals: stages.globals };
  const ends = new Map<number, State>();
  const planned: PlannedStage[] = [];
  for (const index of stages.needed) {
    const stage = stages.all[index]!;
    const begin = instructionsOf(stage, startState(await configOf(stage, ends, paths)));
    let { state } = begin;
    const steps: PlannedStage["steps"] = [];
    for (const instruction of begin.all) {
      const { step, line, text, state: next } = evaluate(instruction, state, facts, network);
      steps.push({ line, text, step });
      state = next;
    }
    ends.set(index, state);
    const { config } = state;
    planned.push({ stage: { ...stage.base, number: index, as: stage.name }, steps, config });
  }
  return planned;
}

async function configOf(
  { base }: Stage,
  ends: ReadonlyMap<number, State>,
  paths: Paths,
): Promise<ContainerConfig> {
  if (base.kind === "stage") return ends.get(base.index)!.config;
  if (base.kind === "scratch") return {};
  try {
    return (await peekImage(base.name, paths))?.config ?? {};
  } catch (error) {
    if (error instanceof KontenerError && error.code === "NOT_FOUND") return {};
    throw error;
  }
}

/** For people. */
export function formatBuild(planned: readonly PlannedStage[]): string {
  const lines = planned.flatMap(({ stage, steps }) => {
    const from =
      stage.kind === "image"
        ? stage.name
        : stage.kind === "stage"
          ? `stage ${stage.index}`
          : "scratch";
    return [
      `stage ${stage.number}${stage.as === undefined ? "" : ` “${stage.as}”`} from ${from}`,
      ...steps.flatMap(({ line, text, step }) => [
        `  line ${line}: ${text.replaceAll("\n", "\n    ")}`,
        ...detailsOf(step).map((detail) => `    ${detail}`),
      ]),
    ];
  });
  return lines.join("\n");
}

function detailsOf(step: Step): string[] {
  if (step.kind === "run") {
    const { argv, user, workdir, network } = step.run;
    const as = user === "" ? "" : ` as ${user}`;
    return [
      `run ${JSON.stringify(argv)} in ${workdir}${as}, network ${network}; keep what it wrote`,
    ];
  }
  if (step.kind === "copy") {
    const { from = "the context", sources, files, target, add } = step.copy;
    const what = [...sources, ...files.map(({ name }) => `<<${name}`)].join(", ");
    return [`${add ? "add" : "copy"} ${what} from ${from} to ${target}`];
  }
  return step.kind === "workdir" ? [`make ${step.path} where it is missing`] : [];
}
