import { invalid } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import { parseTrigger, wrongLine, type Dockerfile, type Instruction } from "./dockerfile.ts";
import { expand } from "./expand.ts";
import type { State } from "./state.ts";
import { splitWords } from "./words.ts";

/** What lies between a FROM and the next one. */
export type Stage = {
  index: number;
  name: string | undefined;
  /** The FROM's line. */
  line: number;
  base: { kind: "scratch" } | { kind: "image"; name: string } | { kind: "stage"; index: number };
  platform: string | undefined;
  instructions: Instruction[];
};

export type Stages = {
  all: Stage[];
  /** Indices of those that have to be built, in order; the last one is the target. */
  needed: number[];
  /** ARGs before the first FROM that have a value. */
  globals: Map<string, string>;
};

export type StageRequest = {
  buildArgs: ReadonlyMap<string, string>;
  /** TARGETPLATFORM and its like: they are there without being declared. */
  platformArgs: ReadonlyMap<string, string>;
  target?: string;
};

/** Cuts a Dockerfile into its stages and finds those that the target needs. Pure. */
export function planStages(file: Dockerfile, request: StageRequest): Stages {
  const globals = new Map(request.platformArgs);
  const all: Stage[] = [];
  for (const instruction of file.instructions) {
    const { keyword, line } = instruction;
    const stage = all.at(-1);
    try {
      if (keyword === "FROM") all.push(readFrom(instruction, all, globals, file.escape));
      else if (stage) stage.instructions.push(instruction);
      else if (keyword === "ARG") declare(instruction, globals, request.buildArgs, file.escape);
      else throw new Error(`only ARG may stand before the first FROM`);
    } catch (error) {
      throw wrongLine(file.name, line, (error as Error).message);
    }
  }
  if (all.length === 0) throw invalid(`${file.name} has no FROM`, "it begins with FROM IMAGE");
  const target = request.target === undefined ? all.at(-1)! : findTarget(request.target, all);
  return { all, needed: neededBy(target, all), globals };
}

function declare(
  { rest }: Instruction,
  globals: Map<string, string>,
  buildArgs: ReadonlyMap<string, string>,
  escape: string,
): void {
  for (const word of splitWords(rest, escape)) {
    const [, name = "", value] = /^([A-Za-z_]\w*)(?:=([\s\S]*))?$/.exec(word) ?? [];
    if (name === "") throw new Error(`${JSON.stringify(word)} is no NAME or NAME=VALUE`);
    const fallback =
      value === undefined ? undefined : expand(value, (key) => globals.get(key), escape);
    const given = buildArgs.get(name) ?? fallback;
    if (given !== undefined) globals.set(name, given);
  }
}

function readFrom(
  { flags, rest, line }: Instruction,
  before: readonly Stage[],
  globals: ReadonlyMap<string, string>,
  escape: string,
): Stage {
  const lookup = (name: string) => globals.get(name);
  let platform: string | undefined;
  for (const { name, value } of flags) {
    if (name !== "platform") throw new Error(`FROM --${name} is not there`);
    platform = expand(value, lookup, escape);
  }
  const [image = "", as, name, ...more] = splitWords(rest, escape);
  if (more.length > 0 || (as !== undefined && (as.toLowerCase() !== "as" || name === undefined)))
    throw new Error("it should be FROM IMAGE, or FROM IMAGE AS NAME");
  if (name !== undefined && !/^[a-z][a-z0-9_.-]*$/i.test(name))
    throw new Error(`${JSON.stringify(name)} is not a stage's name`);
  const word = expand(image, lookup, escape);
  if (word === "") throw new Error(`the image's name ${JSON.stringify(image)} is empty`);
  return {
    index: before.length,
    name: name?.toLowerCase(),
    line,
    base: baseOf(word, before),
    platform: platform || undefined,
    instructions: [],
  };
}

function baseOf(word: string, before: readonly Stage[]): Stage["base"] {
  if (word === "scratch") return { kind: "scratch" };
  const stage = before.findLast(({ name }) => name === word.toLowerCase());
  return stage ? { kind: "stage", index: stage.index } : { kind: "image", name: word };
}

function findTarget(target: string, all: readonly Stage[]): Stage {
  const found = stageNamed(target, all);
  if (found) return found;
  const names = all.flatMap(({ name }) => name ?? []);
  const meant = nearest(target, names);
  throw invalid(
    `there is no stage ${JSON.stringify(target)}`,
    meant.length > 0
      ? `did you mean ${meant.join(" or ")}?`
      : `there are ${names.join(", ") || "none with a name"}`,
  );
}

/** By its name or its number, among those given. */
export const stageNamed = (word: string, stages: readonly Stage[]): Stage | undefined =>
  stages.findLast(({ name }) => name === word.toLowerCase()) ??
  (/^\d+$/.test(word) ? stages[Number(word)] : undefined);

/** Where a COPY or a RUN takes files from, besides its own stage. */
const sourcesOf = ({ flags }: Instruction): string[] =>
  flags.flatMap(({ name, value }) => {
    if (name === "from") return value;
    return name === "mount" ? (/(?:^|,)from=([^,]+)/.exec(value)?.[1] ?? []) : [];
  });

function neededBy(target: Stage, all: readonly Stage[]): number[] {
  const needed = new Set<number>();
  const visit = (stage: Stage): void => {
    if (needed.has(stage.index)) return;
    needed.add(stage.index);
    if (stage.base.kind === "stage") visit(all[stage.base.index]!);
    for (const word of stage.instructions.flatMap(sourcesOf)) {
      const other = stageNamed(word, all.slice(0, stage.index));
      if (other) visit(other);
    }
  };
  visit(target);
  return [...needed].toSorted((a, b) => a - b);
}

/** The instructions that the base has kept for whoever builds on it, and then the stage's own. */
export function instructionsOf(stage: Stage, state: State): { state: State; all: Instruction[] } {
  const { OnBuild, ...config } = state.config;
  if (!OnBuild?.length) return { state, all: stage.instructions };
  const name = stage.base.kind === "image" ? stage.base.name : "a stage";
  const triggers = OnBuild.map((text) => ({ ...parseTrigger(text, name), line: stage.line }));
  return { state: { ...state, config }, all: [...triggers, ...stage.instructions] };
}
