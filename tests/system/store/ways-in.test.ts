import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { describeAsRoot, Engine } from "../support.ts";
import { shell } from "./images.ts";

const base = mkdtempSync("/var/tmp/kontener-store-");
afterAll(() => rm(base, { recursive: true, force: true }), 120_000);

const make = String.raw`
umoci init --layout img; umoci new --image img:a
for i in 1 2; do
  mkdir -p $i/bin; echo layer $i > $i/file; echo $i > $i/only-$i; tar -C $i -cf $i.tar .
  umoci raw add-layer --image img:a $i.tar
done
umoci config --image img:a --config.cmd /bin/tool
skopeo copy -q --insecure-policy oci:img:a docker-archive:docker.tar:some/thing:v1
skopeo copy -q --insecure-policy oci:img:a oci-archive:oci.tar:some/thing:v2
skopeo copy -q --insecure-policy oci:img:a dir:plain --dest-decompress
skopeo copy -q --insecure-policy dir:plain oci:zstd:a --dest-compress-format zstd; skopeo inspect --raw oci:zstd:a | grep -q tar+zstd
gzip -k docker.tar; xz -k docker.tar
`;

describeAsRoot("images come in", () => {
  const engine = new Engine(181);
  const store = `${engine.env["KONTENER_LIB"]}/store`;
  const k = async (...args: string[]) => await engine.run(args);
  let id = "";

  beforeAll(async () => {
    await shell(make, base);
    const manifest = await shell("skopeo inspect --raw oci:img:a", base);
    id = (JSON.parse(manifest) as { config: { digest: string } }).config.digest;
  }, 60_000);

  test.each([
    ["docker.tar", "some/thing:v1"],
    ["docker.tar.gz", "some/thing:v1"],
    ["docker.tar.xz", "some/thing:v1"],
    ["oci.tar", "some/thing:v2"],
    ["img", "a:latest"],
    ["zstd", "a:latest"],
  ])("from %s, as %s, and are the same image", async (file, name) => {
    expect(await k("load", "-i", `${base}/${file}`)).toMatchObject({
      stdout: `Loaded image: ${name}\n`,
      stderr: "",
      exitCode: 0,
    });
    const inspected = await k("image", "inspect", "--format", "{{.Id}}", name);
    expect(inspected.stdout).toBe(`${id}\n`);
  });

  test("through a pipe", async () => {
    const stdin = readFileSync(`${base}/docker.tar`, "latin1");
    expect((await engine.run(["load"], { stdin })).stdout).toBe("Loaded image: some/thing:v1\n");
  });

  test("layers are unpacked once for all of them", () => {
    const layers = readdirSync(`${store}/l`).filter((name) => !name.endsWith(".json"));
    expect(layers).toHaveLength(2);
  });

  test("a root file system is imported, and runs", async () => {
    await k("run", "busybox", "true");
    await shell(`tar -czf root.tgz -C ${engine.env["KONTENER_LIB"]}/images/busybox/rootfs .`, base);
    const { stdout } = await k("import", "-m", "by hand", `${base}/root.tgz`, "mine:1");
    expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect((await k("run", "--network", "none", "mine:1", "echo", "hello")).stdout).toBe("hello\n");
    expect((await k("history", "--format", "{{.Comment}}", "mine:1")).stdout).toBe("by hand\n");
  });

  test("what is no image is refused in one sentence, and leaves nothing", async () => {
    await shell(
      "yes text | head -c 600 > text; tar -cf plain.tar text; head -c 5000 docker.tar > cut.tar",
      base,
    );
    const before = readdirSync(store, { recursive: true });
    for (const [file, message] of [
      ["text", "this is no tar archive"],
      ["plain.tar", "holds no images: neither index.json nor manifest.json"],
      ["missing", "there is no "],
      ["cut.tar", "cut short"],
    ]) {
      const { stderr, exitCode } = await k("load", "-i", `${base}/${file}`);
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain(message!);
      expect(stderr).not.toContain("    at ");
    }
    expect(readdirSync(store, { recursive: true })).toEqual(before);
  });

  test("image diff says what the upper layer has changed", async () => {
    await shell(
      "umoci init --layout one; umoci new --image one:b; umoci raw add-layer --image one:b 1.tar",
      base,
    );
    await k("load", "-i", `${base}/one`);
    const { stdout } = await k("image", "diff", "b", "a");
    expect(stdout).toBe("C /file\nA /only-2\n");
    expect((await k("image", "diff", "a", "b")).stdout).toBe("C /file\nD /only-2\n");
  });
});

describeAsRoot("names and removal", () => {
  const engine = new Engine(182);
  const store = `${engine.env["KONTENER_LIB"]}/store`;
  const k = async (...args: string[]) => await engine.run(args);
  const load = () => k("load", "-i", `${base}/img`);
  const blobs = () => readdirSync(`${store}/blobs/sha256`);

  test("the last name takes the image with it, and all that no other needs", async () => {
    await load();
    await k("tag", "a", "host.example:5000/deep/er/name:v9");
    expect((await k("images", "--format", "{{.Repository}}:{{.Tag}}", "a")).stdout).toBe(
      "a:latest\n",
    );
    expect((await k("rmi", "a")).stdout).toMatch(/^Untagged: a:latest\nUntagged: a@sha256:\w+\n$/);
    expect((await k("images", "-q")).stdout).not.toBe("");
    const { stdout } = await k("rmi", "host.example:5000/deep/er/name:v9");
    expect(stdout).toContain("Deleted: sha256:");
    expect(blobs()).toEqual([]);
    expect(readdirSync(`${store}/l`)).toEqual([]);
    expect(readdirSync(`${store}/tags`)).toEqual([]);
  });

  test("an image that a container was made from stays, until that is gone", async () => {
    await load();
    await k("create", "--name", "user", "--network", "none", "a");
    const refused = await k("rmi", "-f", "a");
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain("is used by container user");
    expect((await k("image", "prune", "--all")).stdout).toBe("");
    expect(blobs()).not.toEqual([]);
    await k("rm", "user");
    expect((await k("image", "prune", "--all")).stdout).toContain("Deleted: sha256:");
    expect(blobs()).toEqual([]);
  });

  test("by id it needs -f where it has several names", async () => {
    await load();
    await k("tag", "a", "b");
    const id = (await k("images", "-q")).stdout.split("\n")[0]!;
    expect((await k("rmi", id)).stderr).toContain("several names: a:latest, b:latest");
    expect((await k("rmi", "-f", id)).exitCode).toBe(0);
    expect((await k("images", "-q")).stdout).toBe("");
  });

  test("prune takes what lost its name, and what a killed pull has left", async () => {
    await load();
    await shell(
      `echo part > blobs/sha256/.part-0123; mkdir l/.tmp-x l/.old-y; echo {} > images/.new-1; echo x > .load-1`,
      store,
    );
    expect((await k("image", "prune")).stdout).toBe("");
    const left = readdirSync(store, { recursive: true }) as string[];
    expect(left.filter((name) => /(^|\/)\.[a-z]/.test(name))).toEqual([]);
    await shell("rm -r tags/docker.io", store);
    expect((await k("image", "prune")).stdout).toContain("Deleted: sha256:");
    expect(blobs()).toEqual([]);
  });
});
