import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import { startContainer, type Container } from "../engine/container.ts";
import { readHost } from "../engine/host.ts";
import type { Image } from "../image/image.ts";
import { overlayPaths } from "../oci/overlay.ts";
import type { ContainerOptions, MountOption } from "../spec/options.ts";
import type { AddedLayer } from "../store/add.ts";
import { directoriesOf } from "./base.ts";
import { holdCaches } from "./cache-mount.ts";
import { digestOf } from "./items.ts";
import { bind, realise, withBound } from "./realise-mount.ts";
import { Scratch } from "./scratch.ts";
import type { Stage } from "./stages.ts";
import type { RunStep } from "./steps.ts";
import { layerOfUpper } from "./upper-layer.ts";
import type { Built, Prepared, Workshop } from "./workshop.ts";

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
  { layers }: Built,
  shop: Workshop,
): Promise<AddedLayer | null> {
  const { paths, say } = shop;
  if (layers.length === 0)
    throw new KontenerError("RUN has nothing to run: the stage is empty so far", {
      code: "INVALID",
      hint: "FROM scratch has no shell; copy the programs there first",
    });
  await using scratch = new Scratch(paths);
  using caches = await holdCaches(step.mounts, shop);
  const mounts: MountOption[] = [];
  const env = { ...step.env };
  for (const mount of step.mounts)
    mounts.push(...(await realise(mount, env, stage, shop, scratch, caches)));
  if (step.script !== undefined) {
    const script = `${scratch.directory}/script`;
    writeFileSync(script, step.script);
    chmodSync(script, 0o755);
    mounts.push(bind(script, "/dev/script", true));
  }
  const image = { name: "build", layers: directoriesOf(layers, paths), mounts: [], config: {} };
  const log = shop.output === "stderr" ? undefined : `${scratch.directory}/log`;
  const container = await startLogged(optionsOf(step, mounts, env), image, log, shop);
  try {
    await succeeded(container, step, log, shop.signal);
    const { upper } = overlayPaths(container.record.scratch!);
    return await layerOfUpper(upper, { paths, below: layers, say }, container.spec);
  } finally {
    await container.remove();
  }
}

const optionsOf = (
  { argv, workdir, user, network }: RunStep,
  mounts: MountOption[],
  env: Record<string, string>,
): ContainerOptions => ({
  image: "",
  command: argv,
  env,
  workdir,
  ...(user === "" ? {} : { user }),
  network,
  memory: "unlimited",
  pidsLimit: "unlimited",
  mounts,
});

/** Waits for the command's end. @throws where that is not 0, or the signal's reason */
async function succeeded(
  container: Container,
  { argv }: RunStep,
  log: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const stop = (): void => void container.kill();
  signal.addEventListener("abort", stop);
  try {
    if (signal.aborted) stop();
    const { code } = await container.ended;
    signal.throwIfAborted();
    if (code === 0) return;
    if (log !== undefined) process.stderr.write(readFileSync(log));
    throw new KontenerError(`RUN ended with ${code}: ${argv.join(" ").split("\n")[0]}`, {
      code: "EXIT",
      exitCode: 1,
    });
  } finally {
    signal.removeEventListener("abort", stop);
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
