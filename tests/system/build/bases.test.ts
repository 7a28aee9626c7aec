/** What `kontener build` builds on: images of a registry, by name, digest and platform, and a Debian that was imported. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { writeLayout } from "../registry/layout.ts";
import { Meddler } from "../registry/meddler.ts";
import { fill, Registry, run as runHost } from "../registry/registry.ts";
import { describeAsRoot, Engine } from "../support.ts";
import { configOf, context, sh } from "./world.ts";

const MANIFEST = /\/manifests\//;

describeAsRoot("kontener build, on an image of a registry", () => {
  const engine = new Engine(74);
  let registry: Registry;
  let meddler: Meddler;
  /** Builds this over a file `f`. */
  const build = async (dockerfile: string, ...flags: string[]) => {
    const directory = context({ Dockerfile: dockerfile, f: "copied" });
    const result = await engine.run(["build", "--network", "none", ...flags, directory]);
    return { ...result, id: result.stdout.trim() };
  };
  const show = async (image: string, ...files: string[]) => {
    const script = 'for f; do read -r word < "$f"; echo "$word"; done';
    const args = ["run", "--rm", "--network", "none", image, "/bin/sh", "-c", script, "sh"];
    return (await engine.run([...args, ...files])).stdout.trim().split("\n");
  };
  const asked = (): string[] =>
    meddler.seen.map(({ path }) => path).filter((path) => MANIFEST.test(path));

  beforeAll(async () => {
    registry = await Registry.start("open");
    meddler = await Meddler.start(registry.host);
    writeLayout(`${engine.directory}/several`, [10], ["amd64", "arm64"]);
    await fill(`${engine.directory}/several`, `${registry.host}/base:1`, "--all");
  });
  afterAll(async () => {
    meddler[Symbol.dispose]();
    await registry[Symbol.asyncDispose]();
  });

  test("it is pulled where it is not here, and not asked for again; the lower layers are the registry's", async () => {
    const dockerfile = `FROM ${meddler.host}/base:1\nRUN echo ran > /ran\nCOPY f /`;
    const first = await build(dockerfile);
    expect(first.stderr).toContain(`pulling ${meddler.host}/base:1`);
    expect(await show(first.id, "/arch", "/ran", "/f")).toEqual(["amd64", "ran", "copied"]);
    const base = (await runHost(
      ["skopeo", "inspect", "--tls-verify=false", "--config"].concat(
        `docker://${registry.host}/base:1`,
      ),
    ).then(JSON.parse)) as ReturnType<typeof configOf>;
    const { rootfs, config } = configOf(engine, first.id);
    expect(rootfs.diff_ids.slice(0, -2)).toEqual(base.rootfs.diff_ids);
    expect(config?.Cmd).toEqual(base.config!.Cmd!);
    meddler.seen.length = 0;
    const second = await build(dockerfile);
    expect(second.id).toBe(first.id);
    expect(meddler.seen).toEqual([]);
  });

  test("--pull asks the registry: what it has under the name now is built on, with the cache for what did not change", async () => {
    const name = `${meddler.host}/base:1`;
    const dockerfile = `FROM ${name}\nRUN echo ran > /ran`;
    const before = await build(dockerfile);
    const same = await build(dockerfile, "--pull");
    expect(same).toMatchObject({ id: before.id, stderr: expect.stringContaining("(cached)") });
    writeLayout(`${engine.directory}/newer`, [20]);
    await fill(`${engine.directory}/newer`, `${registry.host}/base:1`);
    expect((await build(dockerfile)).id).toBe(before.id);
    meddler.seen.length = 0;
    const after = await build(dockerfile, "--pull");
    expect(asked()).not.toEqual([]);
    expect(after.id).not.toBe(before.id);
    expect(after.stderr).not.toContain("(cached)");
    await fill(`${engine.directory}/several`, `${registry.host}/base:1`, "--all");
    meddler.fault = () => ({ status: 404 });
    const gone = await build(dockerfile, "--pull");
    meddler.fault = () => undefined;
    expect(gone.exitCode).not.toBe(0);
    expect(gone.stderr).toContain("Dockerfile:1: ");
  });

  test("by its digest, of an index or of one manifest", async () => {
    const reference = `docker://${registry.host}/base:1`;
    const raw = await runHost(["skopeo", "inspect", "--tls-verify=false", "--raw", reference]);
    const { manifests } = JSON.parse(raw) as { manifests: { digest: string }[] };
    const index = `sha256:${new Bun.CryptoHasher("sha256").update(raw).digest("hex")}`;
    const ids: string[] = [];
    for (const digest of [index, manifests[0]!.digest]) {
      const { id, stderr } = await build(`FROM ${registry.host}/base@${digest}\nCOPY f /`);
      expect(stderr).toContain(`pulling ${registry.host}/base@${digest}`);
      ids.push(id);
    }
    expect(await show(ids[0]!, "/arch", "/f")).toEqual(["amd64", "copied"]);
    expect(ids[1]).toBe(ids[0]!);
    const wrong = `sha256:${"0".repeat(64)}`;
    const { stderr } = await build(`FROM ${registry.host}/base@${wrong}\nCOPY f /`);
    expect(stderr).toContain("Dockerfile:1: ");
    expect(stderr).not.toContain("bug in kontener");
  });

  test("for this machine, also where the name is that of another one's image here", async () => {
    const name = `${registry.host}/base:1`;
    expect((await engine.run(["pull", "--platform", "linux/arm64", name])).exitCode).toBe(0);
    const { id } = await build(`FROM ${name}\nRUN echo ran > /ran`);
    expect(await show(id, "/arch", "/ran")).toEqual(["amd64", "ran"]);
    expect(configOf(engine, id).architecture).toBe("amd64");
  });

  test("COPY --from names an image of a registry too", async () => {
    const { id } = await build(`FROM busybox\nCOPY --from=${registry.host}/base:1 /arch /theirs`);
    expect(await show(id, "/theirs")).toEqual(["amd64"]);
  });

  test("what was built is pushed, and skopeo reads it back", async () => {
    const target = `${registry.host}/built:1`;
    const { id } = await build(`FROM ${registry.host}/base:1\nCOPY f /\nENV A=b`, "-t", target);
    expect((await engine.run(["push", target])).exitCode).toBe(0);
    const read = ["skopeo", "inspect", "--tls-verify=false", "--config", "--raw"];
    const config = await runHost([...read, `docker://${target}`]);
    const blob = `${engine.env["KONTENER_LIB"]}/store/blobs/${id.replace(":", "/")}`;
    expect(config.trim()).toBe(readFileSync(blob, "utf8"));
  });
});

const PACKAGE = String.raw`
mkdir -p pkg/DEBIAN pkg/opt/it; echo content > pkg/opt/it/file
printf 'Package: it\nVersion: 1.0\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: it\nDepends: bash\n' > pkg/DEBIAN/control
printf '#!/bin/sh\nadduser --quiet --system it && chown it /opt/it\n' > pkg/DEBIAN/postinst; chmod 755 pkg/DEBIAN/postinst
dpkg-deb --root-owner-group -b pkg it.deb; rm -r pkg
`;

describeAsRoot("kontener build, on a Debian that was imported", () => {
  const engine = new Engine(75);

  test("apt-get installs a package, as the user that it has made a command runs", async () => {
    const archive = `${engine.directory}/debian.tar`;
    const command = `mmdebstrap -q --variant=apt bookworm ${archive}`;
    const made = Bun.which("mmdebstrap") ? await sh(command, "/").catch(String) : "no mmdebstrap";
    if (made) return console.error(`Debian's package tools are not tested: ${made.split("\n")[0]}`);
    const imported = await engine.run(["import", archive, "debian:12"]);
    expect(imported.exitCode).toBe(0);
    const dockerfile = `FROM debian:12
COPY it.deb /tmp/
RUN apt-get install -y /tmp/it.deb && rm /tmp/it.deb
USER it
WORKDIR /opt/it
RUN id -un > me
CMD ["dpkg-query", "-W", "it"]`;
    const directory = context({ Dockerfile: dockerfile });
    await sh(PACKAGE, directory);
    const built = await engine.run(["build", "--network", "none", "-t", "it", directory]);
    expect({ code: built.exitCode, err: built.stderr }).toMatchObject({ code: 0 });
    const run = async (...words: string[]) =>
      (await engine.run(["run", "--rm", "--network", "none", "it", ...words])).stdout;
    expect(await run()).toBe("it\t1.0\n");
    expect(await run("cat", "file", "me")).toBe("content\nit\n");
    expect(await run("stat", "-c", "%U", ".", "file", "me")).toBe("it\nroot\nit\n");
    expect(await run("dpkg", "--verify")).toBe("");
  }, 240_000);
});
