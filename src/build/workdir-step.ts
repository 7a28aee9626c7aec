import { Copier } from "./copy.ts";
import { Scratch } from "./scratch.ts";
import { layerOfUpper } from "./upper-layer.ts";
import type { Built, Prepared, Workshop } from "./workshop.ts";

/** A WORKDIR: a directory that is made where it is missing. */
export function prepareWorkdir(path: string, built: Built, { paths, say }: Workshop): Prepared {
  const make: Prepared["make"] = async () => {
    await using scratch = new Scratch(paths);
    using copier = new Copier(scratch.openRoot(built.layers), say);
    if (!copier.makeDirectory(path, undefined)) return null;
    copier.finish();
    return await layerOfUpper(scratch.upper, { paths, below: built.layers, say });
  };
  return { content: "", make };
}
