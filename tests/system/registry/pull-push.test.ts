import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { describeAsRoot, Engine, eventually } from "../support.ts";
import { Person } from "../pseudo-terminal.ts";
import { writeLayout } from "./layout.ts";
import { Meddler } from "./meddler.ts";
import { fill, Registry, run } from "./registry.ts";
import { tunnel } from "./tunnel.ts";

describeAsRoot("pull and push", () => {
  const engine = new Engine(87);
  const k = (...args: string[]) => engine.run(args);
  const start = (...args: string[]) => k("run", "--network", "none", ...args);
  let registry: Registry;
  let meddler: Meddler;

  beforeAll(async () => {
    registry = await Registry.start("open");
    meddler = await Meddler.start(registry.host);
    const { directory } = engine;
    writeLayout(`${directory}/one`, [1_000_000, 10]);
    writeLayout(`${directory}/several`, [10], ["amd64", "arm64"]);
    await fill(`${directory}/one`, `${registry.host}/a/one:1`);
    await fill(`${directory}/several`, `${registry.host}/a/several:1`, "--all");
  });
  afterAll(async () => {
    meddler[Symbol.dispose]();
    await registry[Symbol.asyncDispose]();
  });

  test("run gets an image that is not here, once, and says so on standard error", async () => {
    const first = await start(`${registry.host}/a/one:1`);
    expect(first).toMatchObject({ exitCode: 0, stdout: "amd64\n" });
    expect(first.stderr).toContain(`pulling ${registry.host}/a/one:1`);
    expect(first.stderr.match(/^[0-9a-f]{12} {2}\S+B {2}done$/gm)).toHaveLength(4);
    expect(await start(`${registry.host}/a/one:1`)).toEqual({ ...first, stderr: "" });
  });

  test("--pull: never asks nobody, always asks again, and what is gone there fails", async () => {
    await fill(`${engine.directory}/one`, `${registry.host}/a/two:1`);
    const name = `${meddler.host}/a/two:1`;
    const never = await start("--pull", "never", name);
    expect(never.exitCode).toBe(125);
    expect(meddler.seen).toEqual([]);
    expect((await start(name)).stdout).toBe("amd64\n");
    meddler.seen.length = 0;
    expect((await start("--pull", "always", name)).stdout).toBe("amd64\n");
    expect(meddler.seen.some(({ path }) => path.endsWith("/manifests/1"))).toBe(true);
    // Layers that are here are not asked for.
    const blobs = meddler.seen.filter(({ path }) => path.includes("/blobs/"));
    expect(blobs).toHaveLength(1); // the config
    meddler.fault = () => ({ status: 404 });
    expect((await start("--pull", "always", name)).exitCode).toBe(125);
    expect((await start(name)).stdout).toBe("amd64\n");
    meddler.fault = () => undefined;
  });

  test("something else that is not there is not taken for a missing image", async () => {
    const { stderr } = await start("-v", "/no/such:/x", `${registry.host}/a/one:1`);
    expect(stderr).toContain("/no/such");
    expect(stderr).not.toContain("pulling");
  });

  test("--platform chooses from an index; by digest it is the same image; --format json tells which", async () => {
    const name = `${registry.host}/a/several:1`;
    const pull = async (...flags: string[]) =>
      JSON.parse((await k("pull", "--format", "json", ...flags)).stdout) as Record<string, string>;
    const arm = await pull("--platform", "linux/arm64", name);
    expect(arm).toMatchObject({ reference: name, platform: "linux/arm64" });
    const own = await pull("--platform", "linux/amd64", name);
    expect(own["id"]).not.toBe(arm["id"]);
    const byDigest = await pull(`${registry.host}/a/several@${own["digest"]}`);
    expect(byDigest["id"]).toBe(own["id"]!);
    expect((await start("--platform", "linux/amd64", name)).stdout).toBe("amd64\n");
    const none = await k("pull", "--platform", "linux/s390x", name);
    expect(none.stderr).toContain("is for linux/amd64, linux/arm64");
  });

  test("zstd layers and Docker's media types, as skopeo makes them", async () => {
    const target = `${registry.host}/a/zstd:1`;
    await run([
      "skopeo",
      "copy",
      "-q",
      `oci:${engine.directory}/one:it`,
      `dir:${engine.directory}/dir`,
      "--dest-decompress",
    ]);
    await run(
      ["skopeo", "copy", "-q", "--dest-tls-verify=false", "--dest-compress-format", "zstd"].concat([
        `dir:${engine.directory}/dir`,
        `docker://${target}`,
      ]),
    );
    expect((await start(target)).stdout).toBe("amd64\n");
    await run(
      ["skopeo", "copy", "-q", "--dest-tls-verify=false", "--format", "v2s2"].concat([
        `oci:${engine.directory}/one:it`,
        `docker://${registry.host}/a/docker:1`,
      ]),
    );
    expect((await start(`${registry.host}/a/docker:1`)).stdout).toBe("amd64\n");
  });

  test("layers that umoci and buildah have made", async () => {
    const { directory } = engine;
    await run(["cp", "-r", `${directory}/one`, `${directory}/umoci`]);
    // Its archives end with the last file's last byte, where tar(5) wants 1 KiB of zeros and more.
    await run([
      "umoci",
      "insert",
      "--image",
      `${directory}/umoci:it`,
      "/etc/hostname",
      "/by/umoci",
    ]);
    await fill(`${directory}/umoci`, `${registry.host}/a/umoci:1`);
    const inUmoci = await start(
      `${registry.host}/a/umoci:1`,
      "sh",
      "-c",
      "read word < /by/umoci; echo $word",
    );
    expect(inUmoci.stdout).toBe(readFileSync("/etc/hostname", "utf8"));

    const storage = ["--root", `${directory}/buildah`, "--runroot", `${directory}/buildah-run`];
    const buildah = (...words: string[]) =>
      run(["buildah", ...storage, "--storage-driver", "vfs", ...words]);
    const box = (await buildah("from", "--tls-verify=false", `${registry.host}/a/one:1`)).trim();
    await buildah("copy", box, "/etc/hostname", "/by/buildah");
    const target = `docker://${registry.host}/a/buildah:1`;
    await buildah("commit", "-q", "--tls-verify=false", box, target);
    await run(["rm", "-rf", `${directory}/buildah`]);
    const inBuildah = await start(
      `${registry.host}/a/buildah:1`,
      "sh",
      "-c",
      "read word < /by/buildah; echo $word",
    );
    expect(inBuildah.stdout).toBe(readFileSync("/etc/hostname", "utf8"));
  });

  test("on a terminal there is a bar per layer", async () => {
    await fill(`${engine.directory}/one`, `${registry.host}/a/bars:1`);
    const other = { ...engine.env, KONTENER_LIB: `${engine.directory}/lib2` };
    await using terminal = new Person(engine.command(["pull", `${registry.host}/a/bars:1`]), other);
    await terminal.exited;
    expect(terminal.screen.match(/█{24} {2}\S+B {2}done/g)?.length).toBeGreaterThanOrEqual(4);
  });

  test("killed in the middle of a layer, the next pull goes on from there", async () => {
    await fill(`${engine.directory}/one`, `${registry.host}/a/killed:1`);
    const env = { ...engine.env, KONTENER_LIB: `${engine.directory}/lib3` };
    const name = `${meddler.host}/a/killed:1`;
    const [, large] = JSON.parse(
      await run(["skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${name}`]),
    ).layers as { digest: string; size: number }[];
    const isLarge = ({ path }: { path: string }) => path.endsWith(large!.digest);
    meddler.fault = (seen) => (isLarge(seen) ? { stall: 400_000 } : undefined);
    meddler.seen.length = 0;
    const child = Bun.spawn(engine.command(["pull", "-q", name]), {
      env,
      stdio: ["ignore", "ignore", "ignore"],
    });
    await eventually(() => {
      const part = `${env["KONTENER_LIB"]}/store/blobs/sha256/.part-${large!.digest.slice(7)}`;
      return Bun.file(part).size >= 400_000;
    }, 15_000);
    child.kill("SIGKILL");
    await child.exited;
    meddler.fault = () => undefined;
    meddler.seen.length = 0;
    expect((await engine.run(["pull", "-q", name], { env })).exitCode).toBe(0);
    expect(meddler.seen.filter(isLarge)).toMatchObject([{ range: "bytes=400000-" }]);
    expect((await engine.run(["run", "--network", "none", name], { env })).stdout).toBe("amd64\n");
  });

  test("what is pushed is read back by skopeo and podman; a layer that the registry has is mounted", async () => {
    const source = `${registry.host}/a/one:1`;
    await using empty = await Registry.start("open");
    using elsewhere = await Meddler.start(empty.host);
    const target = `${elsewhere.host}/b/copy:2`;
    await k("pull", "-q", source);
    expect((await k("tag", source, target)).exitCode).toBe(0);
    elsewhere.seen.length = 0;
    const { stdout, stderr, exitCode } = await k("push", "--format", "json", target);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    const inspect = ["skopeo", "inspect", "--tls-verify=false", "--raw"];
    const before = await run([...inspect, `docker://${source}`]);
    expect(await run([...inspect, `docker://${empty.host}/b/copy:2`])).toBe(before);
    const digest = `sha256:${new Bun.CryptoHasher("sha256").update(before).digest("hex")}`;
    expect(JSON.parse(stdout)).toMatchObject({ reference: target, digest });
    // Nothing there to mount: all of it was sent.
    expect(elsewhere.seen.filter(({ method }) => method === "PUT")).toHaveLength(6);

    const files = `${engine.directory}/read-back`;
    await run(
      [
        "podman",
        "--root",
        `${engine.directory}/podman`,
        "--runroot",
        `${engine.directory}/podman-run`,
      ].concat([
        "--storage-driver",
        "vfs",
        "pull",
        "-q",
        "--tls-verify=false",
        `${empty.host}/b/copy:2`,
      ]),
    );
    await run([
      "skopeo",
      "copy",
      "-q",
      "--src-tls-verify=false",
      `docker://${empty.host}/b/copy:2`,
      `dir:${files}`,
    ]);
    rmSync(`${engine.directory}/podman`, { recursive: true, force: true });

    const third = `${elsewhere.host}/b/third:1`;
    await k("tag", source, third);
    elsewhere.seen.length = 0;
    expect((await k("push", "-q", third)).stdout).toBe(`${third}\n`);
    const [puts, mounts] = ["PUT", "POST"].map((m) =>
      elsewhere.seen.filter(({ method }) => method === m),
    );
    expect(mounts).toHaveLength(5);
    for (const { path } of mounts!) expect(path).toContain("from=b%2Fcopy");
    expect(puts).toHaveLength(1); // the manifest
    expect(await run([...inspect, `docker://${empty.host}/b/third:1`])).toBe(before);
  });

  test("a push that breaks off is sent again", async () => {
    await using empty = await Registry.start("open");
    using elsewhere = await Meddler.start(empty.host);
    const target = `${elsewhere.host}/c/again:1`;
    await k("tag", `${registry.host}/a/one:1`, target);
    const uploads = new Set<string>();
    elsewhere.fault = ({ method, path }) => {
      const kind = `${method} ${path.includes("/uploads/") ? "blob" : "manifest"}`;
      if (method === "GET" || method === "HEAD" || uploads.has(kind)) return undefined;
      uploads.add(kind);
      return { status: 503 };
    };
    const { exitCode, stderr } = await k("push", target);
    expect(exitCode).toBe(0);
    expect(stderr).toContain("trying again");
    expect([...uploads].toSorted()).toEqual(["POST blob", "PUT blob", "PUT manifest"]);
    expect((await start("--pull", "always", target)).stdout).toBe("amd64\n");
  });

  test("a mirror is asked before Docker Hub, and where it has nothing the next one is", async () => {
    await fill(`${engine.directory}/one`, `${registry.host}/library/mirrored:1`);
    const file = `${engine.directory}/registries.json`;
    const mirrors = ["http://127.0.0.1:9", `http://${registry.host}`];
    writeFileSync(file, JSON.stringify({ "registry-mirrors": mirrors }));
    const env = { KONTENER_REGISTRIES: file };
    const { stdout, exitCode } = await engine.run(["run", "--network", "none", "mirrored:1"], {
      env,
    });
    expect({ stdout, exitCode }).toEqual({ stdout: "amd64\n", exitCode: 0 });
    writeFileSync(file, '{"mirrors": []}');
    const wrong = await engine.run(["pull", "mirrored:2"], { env });
    expect(wrong.stderr).toContain(`${file}: there is no setting "mirrors"`);
  });

  test("https with a certificate that nobody vouches for is refused, unless asked for; plain http as well", async () => {
    const [key, cert] = [`${engine.directory}/key.pem`, `${engine.directory}/cert.pem`];
    const address = ["-addext", "subjectAltName=IP:127.0.0.1"];
    const request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x"];
    await run([...request, "-days", "2", ...address, "-keyout", key, "-out", cert]);
    using secure = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") },
      fetch: (incoming) =>
        fetch(`http://${registry.host}${new URL(incoming.url).pathname}`, {
          headers: incoming.headers,
          method: incoming.method,
          decompress: false,
        }),
    });
    // A name that is not loopback's as kontener sees it, though it leads there.
    const name = `ip6-loopback.example:${secure.port}/a/one:1`;
    const proxy = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: tunnel(secure.port!) });
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: "" };
    const refused = await engine.run(["pull", "-q", name], { env });
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toContain("its certificate is not trusted");
    const loose = await engine.run(["pull", "-q", "--tls-verify=false", name], { env });
    expect(loose).toMatchObject({ exitCode: 0 });
    proxy.stop(true);
  });
});
