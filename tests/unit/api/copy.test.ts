import { afterAll, expect, test } from "bun:test";
import * as fc from "fast-check";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { staysInside } from "../../../src/api/files/copy.ts";

const top = realpathSync(mkdtempSync(`${tmpdir()}/kontener-copy-`));
afterAll(() => rmSync(top, { recursive: true }));

test.each([
  ["a", 0, true],
  ["./a/b", 0, true],
  ["../a", 1, true],
  ["../../a", 2, true],
  ["..", 0, false],
  ["../a", 0, false],
  ["a/../../b", 5, false],
  ["/etc/passwd", 5, false],
  ["..//..", 1, false],
] as const)("a link to %p, %p directories deep: stays inside is %p", (target, depth, inside) => {
  expect(staysInside(target, depth)).toBe(inside);
});

test("links that stay inside one by one stay inside together", () => {
  const name = fc.constantFrom("a", "b", "c");
  const path = fc.array(name, { maxLength: 3 });
  const parts = fc.array(fc.constantFrom("a", "b", "c", "..", "."), { minLength: 1, maxLength: 6 });
  const links = fc.array(fc.record({ directory: path, link: name, target: parts }), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(links, (wanted) => {
      const tree = `${top}/outer/tree`;
      rmSync(`${top}/outer`, { recursive: true, force: true });
      mkdirSync(tree, { recursive: true });
      for (const outside of ["a", "b", "c"]) writeFileSync(`${top}/outer/${outside}`, "outside");
      const made: string[] = [];
      for (const { directory, link, target } of wanted) {
        if (!staysInside(target.join("/"), directory.length)) continue;
        const place = [tree, ...directory].join("/");
        try {
          mkdirSync(place, { recursive: true });
          if (realpathSync(place) !== place) continue; // a copy makes links in true directories only
          symlinkSync(target.join("/"), `${place}/${link}`);
          made.push(`${place}/${link}`);
        } catch {
          // the name is taken
        }
      }
      for (const link of made) expect(resolved(link) ?? tree).toStartWith(tree);
    }),
    { numRuns: 200 },
  );
}, 30_000);

function resolved(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // leads nowhere, or in a circle
  }
}
