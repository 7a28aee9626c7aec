import { lstatSync, readlinkSync, statSync, symlinkSync } from "node:fs";
import type { Mount } from "../oci/runtime-spec.ts";
import type { Paths } from "../linux/paths.ts";
import { shellConfig } from "./config.ts";
import type { Image } from "./image.ts";
import { imageDirectory, readRecord } from "./record.ts";

/** Since the merged /usr these are links into it; where they are not, they are mounted like it. */
const programDirectories = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/**
 * What programs in /usr look for in /etc, and nobody's secret: the loader's cache, the names behind /usr/bin/awk, the public
 * halves of certificates. The keys beside them (/etc/ssl/private, /etc/pki/tls/private) stay out.
 */
const sharedEtc = [
  "etc/ld.so.cache",
  "etc/ld.so.conf",
  "etc/ld.so.conf.d",
  "etc/alternatives",
  "etc/protocols",
  "etc/services",
  "etc/ssl/certs",
  "etc/ssl/openssl.cnf",
  "etc/ca-certificates/extracted",
  "etc/pki/ca-trust/extracted",
  "etc/pki/tls/certs",
  "etc/crypto-policies",
];

type Layout = { links: [path: string, target: string][]; directories: string[]; files: string[] };

/**
 * The host's own programs as an image: /usr read-only, as it is at the moment, above a directory with an /etc that is made
 * for containers. The directory is made again when the host's layout has changed.
 */
export async function hostImage(paths: Paths): Promise<Image> {
  const layout = hostLayout();
  const digest = `layout:${Bun.hash(JSON.stringify(layout)).toString(16)}`;
  if (readRecord("host", paths)?.digest !== digest) await makeLower(paths, layout, digest);
  return describeHost(paths, layout);
}

/** The same as it would be, with nothing written. */
export const describeHost = (paths: Paths, layout: Layout = hostLayout()): Image => ({
  name: "host",
  layers: [`${imageDirectory("host", paths)}/rootfs`],
  mounts: [...layout.directories, ...layout.files].map(readOnly),
  config: shellConfig,
});

function hostLayout(): Layout {
  const layout: Layout = { links: [], directories: ["usr"], files: [] };
  for (const name of programDirectories) {
    const stat = lstatSync(`/${name}`, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) layout.links.push([name, readlinkSync(`/${name}`)]);
    else if (stat?.isDirectory()) layout.directories.push(name);
  }
  for (const path of sharedEtc) {
    const stat = statSync(`/${path}`, { throwIfNoEntry: false });
    if (stat) (stat.isDirectory() ? layout.directories : layout.files).push(path);
  }
  return layout;
}

const readOnly = (path: string): Mount => ({
  destination: `/${path}`,
  type: "bind",
  source: `/${path}`,
  options: ["rbind", "ro"],
});

/** The layer below the mounts: links, mount points, and the container's own /etc. */
async function makeLower(paths: Paths, layout: Layout, digest: string): Promise<void> {
  const { stageImage, withImageLock } = await import("./stage.ts");
  const { makeDirectory, makeFile, writeSkeleton } = await import("./skeleton.ts");
  const created = new Date().toISOString();
  const record = { source: "this host's /usr", digest, created, config: shellConfig };
  await withImageLock("host", paths, async () => {
    if (readRecord("host", paths)?.digest === digest) return;
    await stageImage("host", paths, record, (rootfs) => {
      writeSkeleton(rootfs);
      for (const [path, target] of layout.links) symlinkSync(target, `${rootfs}/${path}`);
      for (const path of layout.directories) makeDirectory(`${rootfs}/${path}`);
      for (const path of layout.files) makeFile(`${rootfs}/${path}`, "", 0o644);
    });
  });
}
