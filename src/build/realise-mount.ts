import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import type { MountOption } from "../spec/options.ts";
import type { Caches } from "./cache-mount.ts";
import { openSource } from "./copy-step.ts";
import { Copier } from "./copy.ts";
import { collect, type Item } from "./items.ts";
import type { RunMount } from "./run-mount.ts";
import { Scratch } from "./scratch.ts";
import type { Stage } from "./stages.ts";
import type { Workshop } from "./workshop.ts";

export const bind = (source: string, target: string, readOnly: boolean): MountOption => ({
  type: "bind",
  source,
  target,
  readOnly,
  recursive: false,
});

/** What a `--mount` becomes; a secret may also become a variable in `env`. */
export async function realise(
  mount: RunMount,
  env: Record<string, string>,
  stage: Stage,
  shop: Workshop,
  scratch: Scratch,
  caches: Caches,
): Promise<MountOption[]> {
  if (mount.type === "tmpfs")
    return [
      { type: "tmpfs", target: mount.target, options: mount.size ? [`size=${mount.size}`] : [] },
    ];
  if (mount.type === "cache") return [bind(caches.directory(mount), mount.target, mount.readOnly)];
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
export async function withBound<T>(
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
