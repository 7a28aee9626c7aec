/** What the tests of `build` share: contexts on the disk, and the trees and configs that we and buildah make of them. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { afterAll } from "bun:test";
import type { ImageFile } from "../../../src/oci/image-spec.ts";
import type { Engine } from "../support.ts";

export type Files = Record<string, string | { link: string } | { text: string; mode: number }>;

/** A directory with these files; gone after the tests. */
export function context(files: Files): string {
  const directory = mkdtempSync("/var/tmp/kontener-context-");
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  for (const [path, what] of Object.entries(files)) {
    const file = `${directory}/${path}`;
    mkdirSync(dirname(file), { recursive: true });
    if (typeof what === "string") writeFileSync(file, what);
    else if ("link" in what) symlinkSync(what.link, file);
    else {
      writeFileSync(file, what.text);
      chmodSync(file, what.mode);
    }
  }
  return directory;
}

/** busybox and a few accounts, as an archive for ADD: what both builders start from. */
export const BASE = `#!/bin/sh
set -e
mkdir -p base/bin base/etc base/tmp base/proc base/sys base/dev base/usr/lib
cp "$(command -v busybox)" base/bin/busybox
for tool in sh ls cat echo mkdir rm rmdir ln chmod chown touch id mv test env; do ln -s busybox base/bin/$tool; done
ln -s usr/lib base/lib
printf 'root:x:0:0::/:/bin/sh\\napp:x:5:6::/:/bin/sh\\n' > base/etc/passwd
printf 'root:x:0:\\ngrp:x:7:\\n' > base/etc/group
: > base/etc/hosts; : > base/etc/hostname; : > base/etc/resolv.conf
chmod 1777 base/tmp
tar -C base --numeric-owner --owner 0 --group 0 -cf base.tar .
rm -r base
`;

export async function sh(script: string, cwd: string): Promise<string> {
  const child = Bun.spawn(["sh", "-ec", script], { cwd, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${script}: ${code}\n${stdout}${stderr}`);
  return stdout;
}

/** The config of an image in our store. */
export function configOf(engine: Engine, id: string): ImageFile {
  const blob = `${engine.env["KONTENER_LIB"]}/store/blobs/${id.replace(":", "/")}`;
  return JSON.parse(readFileSync(blob, "utf8")) as ImageFile;
}

/** Looks at the files of an image of our store. */
export async function withMounted<T>(
  engine: Engine,
  id: string,
  look: (root: string) => T,
): Promise<T> {
  const lib = engine.env["KONTENER_LIB"];
  const file = `${lib}/store/images/${id.replace("sha256:", "")}.json`;
  const { layers } = JSON.parse(readFileSync(file, "utf8")) as { layers: { name: string }[] };
  const [merged, empty] = ["merged", "empty"].map((name) => `${engine.directory}/${name}`);
  for (const directory of [merged!, empty!]) mkdirSync(directory, { recursive: true });
  // An overlay has two layers at least.
  const lower = [...layers.map(({ name }) => `${lib}/store/l/${name}`), empty].join(":");
  await sh(`mount -t overlay -o ro,lowerdir=${lower} overlay ${merged}`, "/");
  try {
    return look(merged!);
  } finally {
    await sh(`umount ${merged}`, "/");
  }
}
