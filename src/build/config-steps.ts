import { posix } from "node:path";
import type { ContainerConfig, HealthcheckConfig } from "../oci/image-spec.ts";
import { jsonArray, type Keyword } from "./dockerfile.ts";
import { goDuration } from "../spec/go-duration.ts";
import { expanded, withEnv, type Context, type State } from "./state.ts";
import { splitPairs, splitWords } from "./words.ts";

const DEFAULT_SHELL = ["/bin/sh", "-c"];

/** Instructions that only change the image's configuration. Each gives what changes; an Error says what is wrong. */
type Change = (context: Context) => Partial<State>;

const config = ({ state }: Context, change: ContainerConfig): Partial<State> => ({
  config: { ...state.config, ...change },
});

/** A shell form in the shell's hands, an exec form as it is. */
export function commandLine({ instruction, state }: Context): string[] {
  const { json, rest } = instruction;
  return json ?? [...(state.config.Shell ?? DEFAULT_SHELL), rest];
}

/** Words, or a JSON array's, with variables expanded. */
const words = (context: Context): string[] =>
  (context.instruction.json ?? splitWords(context.instruction.rest, context.escape))
    .map((word) => expanded(context, word))
    .filter((word) => word !== "");

const pairs = (context: Context): [string, string][] =>
  splitPairs(context.instruction.rest, context.escape).map(({ name, value }) => [
    expanded(context, name),
    expanded(context, value),
  ]);

const record = (keys: readonly string[]): Record<string, object> =>
  Object.fromEntries(keys.map((key) => [key, {}]));

export const configChanges: Partial<Record<Keyword, Change>> = {
  ENV: (context) =>
    config(context, { Env: withEnv(context.state.config.Env ?? [], pairs(context)) }),
  LABEL: (context) =>
    config(context, {
      Labels: { ...context.state.config.Labels, ...Object.fromEntries(pairs(context)) },
    }),
  ARG: ({ instruction, state, escape, buildArgs, globals, ...rest }) => {
    const args = new Map(state.args);
    for (const word of splitWords(instruction.rest, escape)) {
      const [, name = "", value] = /^([A-Za-z_]\w*)(?:=([\s\S]*))?$/.exec(word) ?? [];
      if (name === "") throw new Error(`${JSON.stringify(word)} is no NAME or NAME=VALUE`);
      const context = {
        instruction,
        state: { ...state, args },
        escape,
        buildArgs,
        globals,
        ...rest,
      };
      const fallback = value === undefined ? globals.get(name) : expanded(context, value);
      const given = buildArgs.get(name) ?? fallback;
      if (given !== undefined) args.set(name, given);
    }
    return { args };
  },
  USER: (context) => config(context, { User: one(context) }),
  WORKDIR: (context) =>
    config(context, {
      WorkingDir: posix.resolve("/", context.state.config.WorkingDir ?? "/", one(context)),
    }),
  STOPSIGNAL: (context) => config(context, { StopSignal: one(context) }),
  EXPOSE: (context) =>
    config(context, {
      ExposedPorts: {
        ...context.state.config.ExposedPorts,
        ...record(words(context).flatMap(ports)),
      },
    }),
  VOLUME: (context) => {
    const volumes = words(context);
    if (volumes.length === 0) throw new Error("a volume's name is empty");
    return config(context, { Volumes: { ...context.state.config.Volumes, ...record(volumes) } });
  },
  CMD: (context) => ({ ...config(context, { Cmd: commandLine(context) }), commandSet: true }),
  ENTRYPOINT: (context) => {
    const { Cmd, ...others } = context.state.config;
    const kept = context.state.commandSet && Cmd ? { Cmd } : {};
    return { config: { ...others, ...kept, Entrypoint: commandLine(context) } };
  },
  SHELL: (context) => {
    const { json } = context.instruction;
    if (!json?.length) throw new Error('SHELL takes a JSON array: SHELL ["/bin/sh", "-c"]');
    return config(context, { Shell: json });
  },
  HEALTHCHECK: (context) => config(context, { Healthcheck: healthcheck(context) }),
  ONBUILD: (context) => {
    const { rest } = context.instruction;
    const keyword = /^\S+/.exec(rest)?.[0].toUpperCase() ?? "";
    if (["ONBUILD", "FROM", "MAINTAINER"].includes(keyword))
      throw new Error(`ONBUILD cannot hold ${keyword}`);
    return config(context, { OnBuild: [...(context.state.config.OnBuild ?? []), rest] });
  },
  MAINTAINER: ({ instruction }) => ({ author: instruction.rest }),
};

function one(context: Context): string {
  const value = expanded(context, context.instruction.rest);
  if (value === "") throw new Error(`${context.instruction.keyword} got an empty word`);
  return value;
}

/** `80`, `53/udp`, `8000-8002/tcp`. */
function ports(text: string): string[] {
  const [, first = "", last = first, protocol = "tcp"] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === "" || from > to || to > 65535)
    throw new Error(`${JSON.stringify(text)} is no port, as in 80 or 53/udp`);
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}/${protocol.toLowerCase()}`);
}

const durations: Record<string, "Interval" | "Timeout" | "StartPeriod" | "StartInterval"> = {
  interval: "Interval",
  timeout: "Timeout",
  "start-period": "StartPeriod",
  "start-interval": "StartInterval",
};

function healthcheck({ instruction }: Context): HealthcheckConfig {
  const [, word = "", command = ""] = /^(\S+)\s*([\s\S]*)$/.exec(instruction.rest) ?? [];
  if (word.toUpperCase() === "NONE") return { Test: ["NONE"] };
  if (word.toUpperCase() !== "CMD" || command === "")
    throw new Error("HEALTHCHECK is followed by NONE, or by CMD and a command");
  const result: HealthcheckConfig = {};
  for (const { name, value } of instruction.flags) {
    const key = durations[name];
    const number = key ? goDuration(value) : /^\d+$/.test(value) ? Number(value) : undefined;
    if (!key && name !== "retries") throw new Error(`HEALTHCHECK has no flag --${name}`);
    if (number === undefined) throw new Error(`--${name}=${value} is not understood`);
    result[key ?? "Retries"] = number;
  }
  const json = jsonArray(command);
  return { Test: json ? ["CMD", ...json] : ["CMD-SHELL", command], ...result };
}
