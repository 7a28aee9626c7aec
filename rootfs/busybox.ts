import { shellConfig } from "../src/image/config.ts";
import type { EmbeddedRecipe } from "../src/image/recipe.ts";

/** busybox.net's own static build, from the npm package busybox-static: the default that needs no download. */
export const busybox: EmbeddedRecipe = {
  name: "busybox",
  version: "1.35.0",
  digests: {
    x86_64: "sha256:6e123e7f3202a8c1e9b1f94d8941580a25135382b99e8d3e34fb858bba311348",
  },
  config: shellConfig,
};
