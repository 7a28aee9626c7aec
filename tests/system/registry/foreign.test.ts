import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { describeAsRoot, Engine } from "../support.ts";
import { writeLayout, type Made } from "./layout.ts";
import { fill, Registry, run } from "./registry.ts";
import { tunnel } from "./tunnel.ts";

const FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";

describeAsRoot("a layer that lies with its maker", () => {
  const engine = new Engine(155);
  const { directory } = engine;
  const k = (...args: string[]) => engine.run(args, { env });
  const env: Record<string, string> = {};
  const seen: { path: string; authorization: string | null }[] = [];
  const answer: { status: number; headers: Record<string, string> } = { status: 200, headers: {} };
  let registry: Registry;
  let made: Made;
  let maker: Bun.Server<undefined>;
  let proxy: Bun.TCPSocketListener<{ waiting: Buffer[] }>;
  /** Not loopback's, as kontener sees it: its certificate counts. */
  let host: string;
  let name: string;
  let certs: string;
  const madeHere: string[] = [];

  beforeAll(async () => {
    registry = await Registry.start("htpasswd", { username: "me", password: "secret" });
    made = writeLayout(`${directory}/one`, [100_000])[0]!;
    const creds = ["--dest-creds", "me:secret"];
    await fill(`${directory}/one`, `${registry.host}/a/one:1`, ...creds);
    await certificate("maker", "DNS:layers.example");
    maker = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { key: text("maker.key"), cert: text("maker.crt") },
      fetch(request) {
        const path = new URL(request.url).pathname;
        seen.push({ path, authorization: request.headers.get("Authorization") });
        const blob = Bun.file(`${directory}/one/blobs/sha256/${made.layers[1]!.digest.slice(7)}`);
        return new Response(answer.status === 200 ? blob : "", answer);
      },
    });
    host = `layers.example:${maker.port}`;
    proxy = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: tunnel(maker.port!) });
    env["HTTPS_PROXY"] = `http://127.0.0.1:${proxy.port}`;
    env["NO_PROXY"] = "127.0.0.1";
    await engine.run(["login", "-u", "me", "--password-stdin", registry.host], { stdin: "secret" });
    name = `${registry.host}/b/foreign:1`;
    await pushForeign();
    certs = `/etc/docker/certs.d/${host}`;
    for (const path of ["/etc/docker", "/etc/docker/certs.d", certs]) {
      if (!existsSync(path)) madeHere.unshift(path);
      mkdirSync(path, { recursive: true });
    }
  });
  afterAll(async () => {
    rmSync(certs, { recursive: true, force: true });
    for (const path of madeHere.slice(1)) rmdirSync(path);
    proxy.stop(true);
    await maker.stop(true);
    await registry[Symbol.asyncDispose]();
  });

  const text = (file: string) => readFileSync(`${directory}/${file}`, "utf8");
  async function certificate(file: string, alternative: string): Promise<void> {
    const request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x"];
    const names = ["-addext", `subjectAltName=${alternative}`];
    const files = ["-keyout", `${directory}/${file}.key`, "-out", `${directory}/${file}.crt`];
    await run([...request, "-days", "2", ...names, ...files]);
  }

  /** The same image, its layer of data at the maker's only. */
  async function pushForeign(): Promise<void> {
    const url = (path: string) => `http://${registry.host}/v2/${path}`;
    const Authorization = `Basic ${btoa("me:secret")}`;
    const blob = (digest: string) => Bun.file(`${directory}/one/blobs/sha256/${digest.slice(7)}`);
    const manifest = (await blob(made.manifest).json()) as {
      config: { digest: string };
      layers: { mediaType: string; digest: string; urls?: string[] }[];
    };
    for (const digest of [manifest.config.digest, made.layers[0]!.digest, made.layers[2]!.digest])
      await fetch(url(`b/foreign/blobs/uploads/?mount=${digest}&from=a/one`), {
        method: "POST",
        headers: { Authorization },
      });
    Object.assign(manifest.layers[1]!, { mediaType: FOREIGN, urls: [`https://${host}/the/layer`] });
    const { status } = await fetch(url("b/foreign/manifests/1"), {
      method: "PUT",
      headers: { Authorization, "Content-Type": "application/vnd.oci.image.manifest.v1+json" },
      body: JSON.stringify(manifest),
    });
    expect(status).toBe(201);
  }

  test("where its maker fails, the maker is named; no login of the registry's goes there", async () => {
    const untrusted = await k("pull", "-q", name);
    expect(untrusted.exitCode).toBe(125);
    expect(untrusted.stderr).toContain(`cannot reach ${host}: its certificate is not trusted`);
    expect(untrusted.stderr).toContain(`${certs}/ca.crt`);
    writeFileSync(`${certs}/ca.crt`, text("maker.crt"));
    answer.status = 404;
    const gone = await k("pull", "-q", name);
    expect(gone.stderr).toContain(`${host} has nothing under this name: ${host}/the/layer`);
    Object.assign(answer, {
      status: 401,
      headers: { "WWW-Authenticate": `Basic realm="give me all you have"` },
    });
    const greedy = await k("pull", "-q", name);
    expect(greedy.exitCode).toBe(125);
    expect(greedy.stderr).toContain(`${host} asks for a login`);
    expect(seen.length).toBeGreaterThanOrEqual(2);
    for (const { authorization } of seen) expect(authorization).toBeNull();
    answer.status = 200;
  });

  test("it is got from there, and pushed by its name only", async () => {
    writeFileSync(`${certs}/ca.crt`, text("maker.crt"));
    const ran = await k(
      "run",
      "--network",
      "none",
      name,
      "/bin/sh",
      "-c",
      "test -s /data0 && echo it",
    );
    expect(ran).toMatchObject({ exitCode: 0, stdout: "it\n" });
    const target = `${registry.host}/c/copy:1`;
    await k("tag", name, target);
    expect(await k("push", "-q", target)).toMatchObject({ exitCode: 0, stdout: `${target}\n` });
    const { digest } = made.layers[1]!;
    const there = await fetch(`http://${registry.host}/v2/c/copy/blobs/${digest}`, {
      method: "HEAD",
      headers: { Authorization: `Basic ${btoa("me:secret")}` },
    });
    expect(there.status).toBe(404);
    const own = { ...env, KONTENER_LIB: `${directory}/lib2` };
    const again = await engine.run(["run", "--network", "none", target], { env: own });
    expect(again).toMatchObject({ exitCode: 0, stdout: "amd64\n" });
  });
});
