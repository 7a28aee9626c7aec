import type { ContainerConfig } from "../oci/image-spec.ts";
import type { Instruction } from "./dockerfile.ts";
import { expand } from "./expand.ts";

/** A stage between two of its instructions. */
export type State = {
  config: ContainerConfig;
  author?: string;
  /** ARGs that the stage has declared, with the values that they have. */
  args: ReadonlyMap<string, string>;
  /** The stage has a CMD of its own: ENTRYPOINT forgets only what comes from the base. */
  commandSet: boolean;
};

export const startState = (config: ContainerConfig): State => ({
  config,
  args: new Map(),
  commandSet: false,
});

/** What an instruction is evaluated with, beside the state. */
export type Facts = {
  /** For the messages. */
  name: string;
  escape: string;
  /** `--build-arg`. */
  buildArgs: ReadonlyMap<string, string>;
  /** ARGs before the first FROM, and those that are always there (TARGETARCH …). */
  globals: ReadonlyMap<string, string>;
};

/** An instruction that is being evaluated: expands, and complains with file and line. */
export type Context = Facts & { instruction: Instruction; state: State };

/** What a variable stands for: what ENV sets wins over ARG. */
export function lookupIn(state: State): (name: string) => string | undefined {
  const env = envMap(state.config.Env);
  return (name) => env.get(name) ?? state.args.get(name);
}

export const expanded = ({ state, escape }: Context, word: string): string =>
  expand(word, lookupIn(state), escape);

export const envMap = (env: readonly string[] = []): Map<string, string> =>
  new Map(
    env.map((entry) => {
      const at = entry.indexOf("=");
      return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );

/** Variables with some more, each in the place where it was first set. */
export function withEnv(env: readonly string[], more: Iterable<[string, string]>): string[] {
  const merged = envMap(env);
  for (const [name, value] of more) merged.set(name, value);
  return [...merged].map(([name, value]) => `${name}=${value}`);
}
