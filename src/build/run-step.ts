import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { startContainer, type Container } from "../engine/container.ts";
import { readHost } from "../engine/host.ts";
import type { Image } from "../image/image.ts";
import { storeDirectory } from "../image/stored.ts";
import { overlayPaths } from "../oci/overlay.ts";
import type { ContainerOptions, MountOption } from "../spec/options.ts";
import type { AddedLayer } from "../store/add.ts";
import { sha256 } from "../store/digests.ts";
import { directoriesOf } from "./base.ts";
import type { Built, Prepared, Workshop } from "./build.ts";
import { Copier } from "./copy.ts";
import { openSource } from "./copy-step.ts";
import { collect, digestOf, type Item } from "./items.ts";
import type { RunMount } from "./run-mount.ts";
import { Scratch } from "./scratch.ts";
import type { Stage } from "./stages.ts";
import type { RunStep } from "./steps.ts";
import { layerOfUpper } from "./upper-layer.ts";

/** A RUN: a container over the layers so far, whose upper directory becomes the next one. */
export async function prepareRun(
  step: RunStep,
  stage: Stage,
  built: Built,
  shop: Workshop,
): Promise<Prepared> {
  const content: string[] = [];
  for (const mount of step.mounts)
    if (mount.type === "bind")
      content.push(await withBound(mount, stage, shop, (items) => digestOf(items, true)));
  return { content: content.join(), make: () => run(step, stage, built, shop) };
}

async function run(
  step: RunStep,
  stage: Stage,
  built: Built,
  shop: Workshop,
): Promise<AddedLayer | null> {
  const { paths, say, signal } = shop;
  if (built.layers.length === 0)
    throw new KontenerError("RUN has nothing to run: the stage is empty so far", {
      code: "INVALID",
      hint: "FROM scratch has no shell; copy the programs there first",
    });
  await using scratch = new Scratch(paths);
  const mounts: MountOption[] = [];
  const env = { ...step.env };
  for (const mount of step.mounts)
    mounts.push(...(await realise(mount, env, stage, shop, scratch)));
  if (step.script !== undefined) {
    const script = `${scratch.directory}/script`;
    writeFileSync(script, step.script);
    chmodSync(script, 0o755);
    mounts.push(bind(script, "/dev/script", true));
  }
  const options: ContainerOptions = {
    image: "",
    command: step.argv,
    env,
    workdir: step.workdir,
    ...(step.user === "" ? {} : { user: step.user }),
    network: step.network,
    memory: "unlimited",
    pidsLimit: "unlimited",
    mounts,
  };
  const log = shop.output === "stderr" ? undefined : `${scratch.directory}/log`;
  const image: Image = {
    name: "build",
    layers: directoriesOf(built.layers, paths),
    mounts: [],
    config: {},
  };
  const container = await startLogged(options, image, log, shop);
  const stop = (): void => void container.kill();
  signal.addEventListener("abort", stop);
  try {
    if (signal.aborted) stop();
    const ended = await container.ended;
    signal.throwIfAborted();
    if (ended.code !== 0) {
      if (log !== undefined) process.stderr.write(readFileSync(log));
      throw new KontenerError(
        `RUN ended with ${ended.code}: ${step.argv.join(" ").split("\n")[0]}`,
        {
          code: "EXIT",
          exitCode: 1,
        },
      );
    }
    const { upper } = overlayPaths(container.record.scratch!);
    return await layerOfUpper(upper, { paths, below: built.layers, say }, container.spec);
  } finally {
    signal.removeEventListener("abort", stop);
    await container.remove();
  }
}

async function startLogged(
  options: ContainerOptions,
  image: Image,
  log: string | undefined,
  { paths, say }: Workshop,
): Promise<Container> {
  const host = readHost(paths.lib);
  if (host.upperOnTmpfs)
    throw new KontenerError(
      "what a RUN writes would be in memory, where only its container sees it",
      {
        code: "UNSUPPORTED",
        hint: "set KONTENER_LIB to a directory on a disk: overlayfs does not nest",
      },
    );
  const fd = log === undefined ? 2 : openSync(log, "w", 0o600);
  try {
    return await startContainer({
      options,
      image,
      host,
      paths,
      executor: "launcher",
      observer: { warn: say },
      stdio: ["ignore", fd, fd],
    });
  } catch (error) {
    throw (await import("../engine/advice.ts")).advise(error, host);
  } finally {
    if (fd !== 2) closeSync(fd);
  }
}

const bind = (source: string, target: string, readOnly: boolean): MountOption => ({
  type: "bind",
  source,
  target,
  readOnly,
  recursive: false,
});

/** What a `--mount` becomes. */
async function realise(
  mount: RunMount,
  env: Record<string, string>,
  stage: Stage,
  shop: Workshop,
  scratch: Scratch,
): Promise<MountOption[]> {
  if (mount.type === "tmpfs")
    return [
      { type: "tmpfs", target: mount.target, options: mount.size ? [`size=${mount.size}`] : [] },
    ];
  if (mount.type === "cache") {
    const directory = `${storeDirectory(shop.paths)}/build-cache/${sha256(mount.id).slice(7)}`;
    if (mkdirSync(directory, { recursive: true, mode: mount.mode }) !== undefined) {
      chmodSync(directory, mount.mode);
      chownSync(directory, mount.uid, mount.gid);
    }
    return [bind(directory, mount.target, mount.readOnly)];
  }
  if (mount.type === "secret") return secret(mount, env, shop, scratch);
  const copy = `${scratch.directory}/bind-${Bun.randomUUIDv7()}`;
  mkdirSync(copy);
  return await withBound(mount, stage, shop, async (items) => {
    const target = items[0]?.stat.isDirectory() ? "/" : "/file";
    using copier = new Copier(copy, shop.say);
    const sources = [{ name: "file", items }];
    copier.copy({
      target,
      intoDirectory: false,
      sources,
      files: [],
      owner: undefined,
      chmod: undefined,
    });
    copier.finish();
    return [bind(target === "/" ? copy : `${copy}/file`, mount.target, true)];
  });
}

function secret(
  { id, target, env: variable, required, uid, gid, mode }: Extract<RunMount, { type: "secret" }>,
  env: Record<string, string>,
  { secrets }: Workshop,
  scratch: Scratch,
): MountOption[] {
  const found = secrets.get(id);
  if (!found && required)
    throw new KontenerError(`the secret ${id} is required`, {
      code: "INVALID",
      hint: `give it: kontener build --secret id=${id},src=FILE`,
    });
  if (!found) return [];
  if (variable !== undefined) env[variable] = new TextDecoder().decode(found.text);
  if (target === undefined) return [];
  const file = `${scratch.directory}/secret-${Bun.randomUUIDv7()}`;
  writeFileSync(file, found.text, { mode: 0o600 });
  chownSync(file, uid, gid);
  chmodSync(file, mode);
  return [bind(file, target, true)];
}

/** A bind mount shows a copy, so that the .dockerignore counts and nothing can be written back. */
async function withBound<T>(
  mount: Extract<RunMount, { type: "bind" }>,
  stage: Stage,
  shop: Workshop,
  use: (items: Item[]) => Promise<T>,
): Promise<T> {
  await using scratch = new Scratch(shop.paths);
  using source = await openSource(mount.from, stage, shop, scratch);
  const [path = ""] = source.find(mount.source);
  return await use(await collect(source, path, ""));
}
