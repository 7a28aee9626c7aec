import { KontenerError } from "../abi/error.ts";
import { readAccounts } from "../engine/accounts.ts";
import { resolveUser } from "../oci/user.ts";
import { archiveIn, unpackInto } from "./add-archive.ts";
import { directoriesOf } from "./base.ts";
import type { Built, Prepared, Workshop } from "./workshop.ts";
import { Copier, type Made } from "./copy.ts";
import { fetchFile, isUrl } from "./add-url.ts";
import { ignoreNothing } from "./ignore.ts";
import { collect, digestOf, type Item } from "./items.ts";
import { Scratch } from "./scratch.ts";
import { Source } from "./source.ts";
import type { Stage } from "./stages.ts";
import type { CopyStep } from "./steps.ts";
import { layerOfUpper } from "./upper-layer.ts";
import type { AddedLayer } from "../store/add.ts";

/** Reads what a COPY or ADD is about; done is it only where the cache has not what it would make. */
export async function prepareCopy(
  step: CopyStep,
  stage: Stage,
  built: Built,
  shop: Workshop,
): Promise<Prepared> {
  const { paths } = shop;
  const urls = step.add ? step.sources.filter(isUrl) : [];
  const names = step.sources.filter((source) => !urls.includes(source));
  const fetched = await Promise.all(urls.map((url) => fetchFile(url, step)));
  const files = [...step.files.map(inline), ...fetched];
  const read = <T>(use: (sources: Found[]) => Promise<T>): Promise<T> =>
    withSources(step, names, stage, shop, use);
  const content = await read(async (sources) => {
    const digests = sources.map(
      async ({ items }) => await digestOf(items, step.from !== undefined),
    );
    const made = files.map(({ name, content: bytes }) => [name, sha256Hex(bytes)]);
    return JSON.stringify([sources.map(({ name }) => name), await Promise.all(digests), made]);
  });
  const make = (): Promise<AddedLayer | null> =>
    read(async (sources) => {
      await using scratch = new Scratch(paths);
      const owner = ownerOf(step, built, shop);
      const several = sources.length + files.length > 1;
      const intoDirectory = step.intoDirectory || several;
      using copier = new Copier(scratch.openRoot(built.layers), shop.say);
      for (const source of sources) {
        const archive = step.add ? await archiveIn(source.items) : undefined;
        if (archive) {
          copier.makeDirectory(step.target, owner);
          await unpackInto(archive, copier.openDirectory(step.target), shop.say);
        } else
          copier.copy({
            ...step,
            intoDirectory,
            sources: [source],
            files: [],
            owner,
            chmod: step.chmod,
          });
      }
      if (sources.some(({ items }) => items[0]?.stat.isDirectory()))
        copier.makeDirectory(step.target, owner);
      copier.copy({ ...step, intoDirectory, sources: [], files, owner, chmod: step.chmod });
      copier.finish();
      return await layerOfUpper(scratch.upper, { paths, below: built.layers, say: shop.say });
    });
  return { content, make };
}

type Found = { name: string; items: Item[] };

/** Opens the source for as long as it is used: the context, or the layers of a stage or an image. */
async function withSources<T>(
  step: Pick<CopyStep, "from">,
  names: readonly string[],
  stage: Stage,
  shop: Workshop,
  use: (sources: Found[]) => Promise<T>,
): Promise<T> {
  if (names.length === 0) return await use([]);
  await using scratch = new Scratch(shop.paths);
  using source = await openSource(step.from, stage, shop, scratch);
  const found: Found[] = [];
  for (const name of names)
    for (const path of source.find(name))
      found.push({ name: path, items: await collect(source, path, "") });
  return await use(found);
}

export async function openSource(
  from: string | undefined,
  stage: Stage,
  shop: Workshop,
  scratch: Scratch,
): Promise<Source> {
  if (from !== undefined) {
    const layers = await shop.layersOf(from, stage);
    return new Source(scratch.openRoot(layers), from, ignoreNothing);
  }
  if (shop.context === undefined)
    throw new KontenerError("there is no context to copy from", {
      code: "INVALID",
      hint: "name its directory: kontener build -f - DIRECTORY",
    });
  return new Source(shop.context, "the context", shop.ignore);
}

const inline = ({ name, content }: CopyStep["files"][number]): Made => ({
  name,
  content: new TextEncoder().encode(content),
  mode: 0o644,
  seconds: Math.floor(Date.now() / 1000),
});

/**
 * `--chown=user[:group]`, names as the image's own files have them; a number without a group is the group's as well
 * (docs.docker.com/reference/dockerfile, "COPY --chown"). From the context everything is root's, from a stage it stays.
 */
function ownerOf({ chown, from }: CopyStep, built: Built, shop: Workshop) {
  if (chown === undefined) return from === undefined ? { uid: 0, gid: 0 } : undefined;
  const whole = /^\d+$/.test(chown) ? `${chown}:${chown}` : chown;
  const { uid, gid } = resolveUser(whole, readAccounts(directoriesOf(built.layers, shop.paths)));
  return { uid, gid };
}

const sha256Hex = (bytes: Uint8Array): string =>
  new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
