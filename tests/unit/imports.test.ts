import { describe, expect, test } from "bun:test";
import { Glob } from "bun";
import { dirname, join, normalize } from "node:path";

const src = new URL("../../src", import.meta.url).pathname;

/** What each folder may import from, besides itself: the pipeline, in one direction (docs/development.md). */
const allowed: Record<string, string[]> = {
  abi: [],
  linux: ["abi"],
  spec: ["abi"],
  oci: ["abi", "spec", "image"],
  plan: ["abi", "oci", "security"],
  security: ["abi", "oci"],
  launch: ["abi", "linux", "plan"],
  cgroup: ["abi", "linux", "oci", "plan"],
  network: ["abi", "linux", "plan"],
  image: ["abi", "linux", "oci"],
  volume: ["abi", "linux", "spec", "oci", "image"],
  store: ["abi", "linux", "oci", "image"],
  registry: ["abi", "linux", "oci", "image"],
  engine: [
    "abi",
    "linux",
    "spec",
    "oci",
    "plan",
    "security",
    "launch",
    "cgroup",
    "network",
    "image",
    "volume",
  ],
  build: ["abi", "linux", "spec", "oci", "plan", "image", "store", "engine"],
  api: [
    "abi",
    "linux",
    "spec",
    "oci",
    "plan",
    "launch",
    "cgroup",
    "image",
    "engine",
    "store",
    "registry",
  ],
  cli: [
    "abi",
    "linux",
    "spec",
    "oci",
    "plan",
    "launch",
    "engine",
    "image",
    "store",
    "registry",
    "build",
    "volume",
  ],
};

/** Folders whose modules decide and do nothing: they import no FFI, no file system, no Bun API. */
const pure = ["abi", "spec", "oci", "plan", "security"];

const files = [...new Glob("**/*.ts").scanSync(src)];
const importsOf = (text: string): string[] =>
  [...text.matchAll(/(?:^|\n)\s*(?:import|export)[^;]*?from\s*"([^"]+)"|import\("([^"]+)"\)/g)].map(
    (match) => (match[1] ?? match[2])!,
  );

describe("imports", () => {
  for (const file of files.filter((f) => f.includes("/"))) {
    test(`${file} imports only what lies before it in the pipeline`, async () => {
      const folder = file.split("/")[0]!;
      const text = await Bun.file(join(src, file)).text();
      for (const name of importsOf(text)) {
        if (!name.startsWith(".")) {
          if (pure.includes(folder))
            expect(name).not.toMatch(/^(bun|node:(fs|child_process|net)|zx)/);
          if (folder !== "cli") expect(name).not.toMatch(/^(kleur|citty)/);
          expect(name).not.toMatch(/^zx/);
          continue;
        }
        const target = normalize(join(dirname(file), name));
        if (target.startsWith("../")) continue; // tasks/ and rootfs/, which are loaded when they are asked for
        const other = target.split("/")[0]!;
        if (other !== folder) expect(allowed[folder]).toContain(other);
      }
      if (pure.includes(folder)) expect(text).not.toMatch(/(?<![.\w])(Bun|process)\.(?!arch)[a-z]/);
    });
  }
});
