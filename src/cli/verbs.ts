import type { Flag } from "./flags.ts";
import * as run from "./commands/run.ts";

/**
 * The verbs that parse their own words, with the parser of `run`. Each is loaded when it is asked for, without citty,
 * which costs 2 to 3 ms of a cold start (compiled). `run` itself is in the program's first piece: loading the dozens that a
 * bundler cuts it into is 1 ms.
 */
export type OwnVerb = {
  summary: string;
  run(argv: readonly string[]): Promise<number>;
  /** "stop [flags] CONTAINER…": for completion, as what follows. */
  synopsis?: string;
  /** Without them: those of `run`. */
  flags?: readonly Flag[];
  /** Of a verb with verbs of its own: `network create`. */
  actions?: Readonly<Record<string, OwnVerb>>;
};

export const ownVerbs = {
  run: () => Promise.resolve(run),
  sh: () =>
    import("./commands/sh.ts").then(({ summary, synopsis, sh }) => ({
      summary,
      synopsis,
      run: sh,
    })),
  ps: () => import("./commands/ps.ts").then(({ ps }) => ps),
  logs: () => import("./commands/logs.ts").then(({ logs }) => logs),
  stop: () => import("./commands/stop.ts").then(({ stop }) => stop),
  kill: () => import("./commands/kill.ts").then(({ kill }) => kill),
  rm: () => import("./commands/rm.ts").then(({ rm }) => rm),
  exec: () => import("./commands/exec.ts").then(({ exec }) => exec),
  attach: () => import("./commands/attach.ts").then(({ attach }) => attach),
  cp: () => import("./commands/cp.ts").then(({ cp }) => cp),
  create: () => import("./commands/create.ts"),
  start: () => import("./commands/start.ts").then(({ start }) => start),
  restart: () => import("./commands/restart.ts").then(({ restart }) => restart),
  pause: () => import("./commands/pause.ts").then(({ pause }) => pause),
  unpause: () => import("./commands/pause.ts").then(({ unpause }) => unpause),
  inspect: () => import("./commands/inspect.ts").then(({ inspect }) => inspect),
  network: () => import("./commands/network.ts").then(({ network }) => network),
  port: () => import("./commands/port.ts").then(({ port }) => port),
  top: () => import("./commands/top.ts").then(({ top }) => top),
  stats: () => import("./commands/stats.ts").then(({ stats }) => stats),
  rename: () => import("./commands/rename.ts").then(({ rename }) => rename),
  update: () => import("./commands/update.ts").then(({ update }) => update),
  diff: () => import("./commands/diff.ts").then(({ diff }) => diff),
  images: () => import("./commands/images.ts").then(({ images }) => images),
  image: () => import("./commands/image.ts").then(({ image }) => image),
  rmi: () => import("./commands/rmi.ts").then(({ rmi }) => rmi),
  tag: () => import("./commands/tag.ts").then(({ tag }) => tag),
  history: () => import("./commands/history.ts").then(({ history }) => history),
  load: () => import("./commands/load.ts").then(({ load }) => load),
  save: () => import("./commands/save.ts").then(({ save }) => save),
  export: () => import("./commands/export.ts").then(({ exportContainer }) => exportContainer),
  import: () => import("./commands/import.ts").then(({ importImage }) => importImage),
  system: () => import("./commands/system.ts").then(({ system }) => system),
  commit: () => import("./commands/commit.ts").then(({ commit }) => commit),
  build: () => import("./commands/build.ts").then(({ build }) => build),
  builder: () => import("./commands/builder.ts").then(({ builder }) => builder),
  container: () => import("./commands/container.ts").then(({ container }) => container),
  events: () => import("./commands/events.ts").then(({ events }) => events),
  generate: () => import("./commands/generate.ts").then(({ generate }) => generate),
  completion: () => import("./commands/completion.ts").then(({ completion }) => completion),
  version: () => import("./commands/version.ts").then(({ version }) => version),
  volume: () => import("./commands/volume.ts").then(({ volume }) => volume),
  healthcheck: () => import("./commands/healthcheck.ts").then(({ healthcheck }) => healthcheck),
  wait: () => import("./commands/wait.ts").then(({ wait }) => wait),
  pull: () => import("./commands/pull.ts").then(({ pull }) => pull),
  push: () => import("./commands/push.ts").then(({ push }) => push),
  login: () => import("./commands/login.ts").then(({ login }) => login),
  logout: () => import("./commands/logout.ts").then(({ logout }) => logout),
  clean: () => import("./commands/clean.ts").then(({ clean }) => clean),
} satisfies Record<string, () => Promise<OwnVerb>>;

/** docker's long spelling: `container stop` is `stop`, `container ls` is `ps`. What only `container` has stays. */
export function shortened(argv: readonly string[]): readonly string[] {
  const [first, second = "", ...rest] = argv;
  if (first === "image") return shortImage(second, rest) ?? argv;
  if (first !== "container") return argv;
  if (second === "ls" || second === "list") return ["ps", ...rest];
  return isOwnVerb(second) && second !== "container" ? [second, ...rest] : argv;
}

const imageVerbs = ["tag", "history", "save", "load", "import", "pull", "push", "build"];

/** `image ls` is `images`, `image rm` is `rmi`; most others are called the same. */
function shortImage(verb: string, rest: readonly string[]): readonly string[] | undefined {
  if (verb === "ls" || verb === "list") return ["images", ...rest];
  if (verb === "rm" || verb === "remove") return ["rmi", ...rest];
  return imageVerbs.includes(verb) && isOwnVerb(verb) ? [verb, ...rest] : undefined;
}

export type OwnVerbName = keyof typeof ownVerbs;
export const isOwnVerb = (verb: string | undefined): verb is OwnVerbName =>
  verb !== undefined && Object.hasOwn(ownVerbs, verb);
