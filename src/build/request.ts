import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { invalid, KontenerError } from "../abi/error.ts";
import { archOf } from "../abi/syscall.ts";
import { formatPlatform, hostPlatform, parsePlatform } from "../oci/platform.ts";
import { parseDockerfile, type Dockerfile } from "./dockerfile.ts";
import { ignoreNothing, parseIgnore, type Ignore } from "./ignore.ts";
import { planStages, type Stages } from "./stages.ts";

export type BuildInput = {
  /** A directory, or `-`: the Dockerfile comes from standard input and there is no context. */
  context: string;
  /** `--file`; `-` is standard input. */
  file?: string;
  target?: string;
  platform?: string;
  buildArgs: ReadonlyMap<string, string>;
  stdin(): string;
};

export type BuildPlan = {
  file: Dockerfile;
  stages: Stages;
  context: string | undefined;
  ignore: Ignore;
};

/** Reads what a build is described by. @throws KontenerError with one sentence; nothing was done */
export function readBuild(input: BuildInput): BuildPlan {
  const { context, buildArgs } = input;
  if (/^(https?|git|ssh):\/\/|^git@/.test(context))
    throw invalid("a context is a directory here", "clone or unpack it, and build from there");
  const directory = context === "-" ? undefined : context;
  if (directory !== undefined && !statSync(directory, { throwIfNoEntry: false })?.isDirectory())
    throw new KontenerError(`the context ${JSON.stringify(context)} is no directory`, {
      code: "NOT_FOUND",
    });
  const path = context === "-" ? "-" : (input.file ?? findFile(context));
  const file = parseDockerfile(path === "-" ? fromStdin(input) : readFile(path), nameOf(path));
  const stages = planStages(file, {
    buildArgs,
    platformArgs: platformArgs(input.platform),
    ...(input.target === undefined ? {} : { target: input.target }),
  });
  checkPlatforms(stages, input.platform, file.name);
  const ignore = directory === undefined ? ignoreNothing : readIgnore(directory, path);
  return { file, stages, context: directory, ignore };
}

function findFile(context: string): string {
  const found = ["Dockerfile", "Containerfile"].find((name) => existsSync(join(context, name)));
  if (found !== undefined) return join(context, found);
  throw new KontenerError(`there is no Dockerfile in ${context}`, {
    code: "NOT_FOUND",
    hint: "name it: kontener build --file FILE CONTEXT",
  });
}

const nameOf = (path: string): string => (path === "-" ? "<stdin>" : path.replace(/^\.\//, ""));

function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new KontenerError(`cannot read ${path}: ${code}`, { code: "NOT_FOUND", cause });
  }
}

function fromStdin({ stdin }: BuildInput): string {
  const text = stdin();
  if (!text.includes("\0") && !text.startsWith("\u001f")) return text;
  throw invalid(
    "standard input is an archive, not a Dockerfile",
    "unpack it and name the directory",
  );
}

/** `Dockerfile.dockerignore` beside the Dockerfile goes before the context's own. */
function readIgnore(context: string, dockerfile: string): Ignore {
  const own = `${dockerfile}.dockerignore`;
  const path = [own, join(context, ".dockerignore"), join(context, ".containerignore")].find(
    (file) => existsSync(file),
  );
  return path === undefined ? ignoreNothing : parseIgnore(readFile(path));
}

/** docs.docker.com/reference/dockerfile, "Automatic platform ARGs in the global scope". */
function platformArgs(platform: string | undefined): Map<string, string> {
  const build = hostPlatform(archOf(process.arch));
  const target = platform === undefined ? build : parsePlatform(platform);
  return new Map(
    Object.entries({ BUILD: build, TARGET: target }).flatMap(([prefix, p]) => [
      [`${prefix}PLATFORM`, formatPlatform(p)] as const,
      [`${prefix}OS`, p.os] as const,
      [`${prefix}ARCH`, p.architecture] as const,
      [`${prefix}VARIANT`, p.variant ?? ""] as const,
    ]),
  );
}

/** A RUN's programs have to run here: there is no emulation. */
function checkPlatforms({ all, needed }: Stages, platform: string | undefined, name: string): void {
  const here = hostPlatform(archOf(process.arch));
  const check = (text: string | undefined, where: string): void => {
    if (text === undefined) return;
    const { os, architecture } = parsePlatform(text);
    if (os === here.os && architecture === here.architecture) return;
    throw new KontenerError(
      `${where}: this machine is ${formatPlatform(here)}, and builds for nothing else`,
      {
        code: "UNSUPPORTED",
      },
    );
  };
  check(platform, `--platform ${platform}`);
  for (const index of needed) {
    const { platform: wanted, line } = all[index]!;
    check(wanted, `${name}:${line}: --platform=${wanted}`);
  }
}
