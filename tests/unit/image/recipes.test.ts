import { expect, test } from "bun:test";
import { busybox } from "../../../rootfs/busybox.ts";
import { archiveRecipes } from "../../../rootfs/recipes.ts";
import { parseDigest } from "../../../src/image/digest.ts";
import { checkImageName } from "../../../src/image/record.ts";

test.each(Object.entries(archiveRecipes))("the recipe %p is pinned", (name, recipe) => {
  checkImageName(name);
  expect(recipe.name).toBe(name);
  expect(new URL(recipe.mirror).protocol).toBe("https:");
  expect(recipe.mirrorVariable).toBe(`KONTENER_${name.toUpperCase()}_MIRROR`);
  for (const [arch, { path, digest }] of Object.entries(recipe.archives)) {
    expect(path).toContain(arch);
    expect(path).toContain(recipe.version);
    expect(parseDigest(digest).algorithm).toBe("sha512");
  }
});

test("busybox is the version that package.json names, pinned", async () => {
  const { optionalDependencies } = await Bun.file(
    new URL("../../../package.json", import.meta.url),
  ).json();
  expect(optionalDependencies["busybox-static"]).toBe(busybox.version);
  for (const digest of Object.values(busybox.digests)) parseDigest(digest);
});
