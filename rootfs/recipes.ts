import type { ArchiveRecipe } from "../src/image/recipe.ts";
import { alpine } from "./alpine.ts";

/** What `container prepare NAME` knows by name. */
export const archiveRecipes: Readonly<Record<string, ArchiveRecipe>> = { alpine };
