import { mkdirSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { root } from "../support.ts";

export type Made = { layers: { digest: string; size: number }[]; manifest: string };

const sha256 = (bytes: Uint8Array | string): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/**
 * An OCI image layout at `directory`, for skopeo to take: busybox as /bin/sh, and each further layer a file of that many
 * random bytes, /data0, /data1 … `architectures`: an index with an image each, whose /arch tells them apart.
 */
export function writeLayout(
  directory: string,
  sizes: readonly number[],
  architectures: readonly string[] = ["amd64"],
): Made[] {
  const blobs = `${directory}/blobs/sha256`;
  mkdirSync(blobs, { recursive: true });
  const write = (bytes: Uint8Array | string) => {
    const digest = sha256(bytes);
    writeFileSync(`${blobs}/${digest.slice(7)}`, bytes);
    return { digest, size: Buffer.byteLength(bytes) };
  };
  const layer = (name: string, fill: (tree: string) => void) => {
    const tree = `${directory}/tree-${name}`;
    mkdirSync(tree);
    fill(tree);
    const tar = Bun.spawnSync(["tar", "-C", tree, "--owner=0", "--group=0", "-cf", "-", "."]);
    return { diffId: sha256(tar.stdout), ...write(gzipSync(tar.stdout)) };
  };
  const busybox = layer("sh", (tree) => {
    mkdirSync(`${tree}/bin`);
    Bun.spawnSync(["cp", `${root}node_modules/busybox-static/bin/busybox`, `${tree}/bin/sh`]);
  });
  const data = sizes.map((size, i) =>
    layer(`data${i}`, (tree) =>
      writeFileSync(`${tree}/data${i}`, crypto.getRandomValues(Buffer.alloc(size))),
    ),
  );
  const images = architectures.map((architecture) => {
    const own = layer(`arch-${architecture}`, (tree) =>
      writeFileSync(`${tree}/arch`, architecture),
    );
    const layers = [busybox, ...data, own];
    const config = write(
      JSON.stringify({
        architecture,
        os: "linux",
        config: { Cmd: ["/bin/sh", "-c", "read word < /arch; echo $word"] },
        rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
      }),
    );
    const described = layers.map(({ digest, size }) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      digest,
      size,
    }));
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const manifest = write(
      JSON.stringify({
        schemaVersion: 2,
        mediaType,
        config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
        layers: described,
      }),
    );
    return {
      layers: described,
      manifest: manifest.digest,
      descriptor: { mediaType, ...manifest, platform: { os: "linux", architecture } },
    };
  });
  const several = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: images.map(({ descriptor }) => descriptor),
  };
  const top =
    images.length === 1
      ? images[0]!.descriptor
      : { mediaType: several.mediaType, ...write(JSON.stringify(several)) };
  const named = { ...top, annotations: { "org.opencontainers.image.ref.name": "it" } };
  writeFileSync(
    `${directory}/index.json`,
    JSON.stringify({ schemaVersion: 2, manifests: [named] }),
  );
  writeFileSync(`${directory}/oci-layout`, JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return images;
}
