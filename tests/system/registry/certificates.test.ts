import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { describeAsRoot, Engine } from "../support.ts";
import { writeLayout } from "./layout.ts";
import { fill, Registry, run } from "./registry.ts";

describeAsRoot("a registry that wants a client's certificate", () => {
  const engine = new Engine(156);
  const { directory } = engine;
  let registry: Registry;
  let secure: Server;
  let name: string;
  let certs: string;
  const madeHere: string[] = [];
  const text = (file: string) => readFileSync(`${directory}/${file}`, "utf8");

  beforeAll(async () => {
    registry = await Registry.start("open");
    writeLayout(`${directory}/one`, [10]);
    await fill(`${directory}/one`, `${registry.host}/a/one:1`);
    const request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
    for (const who of ["server", "client", "stranger"]) {
      const names = ["-subj", `/CN=${who}`, "-addext", "subjectAltName=IP:127.0.0.1"];
      const files = ["-keyout", `${directory}/${who}.key`, "-out", `${directory}/${who}.cert`];
      await run([...request, ...names, ...files]);
    }
    const tls = { key: text("server.key"), cert: text("server.cert"), ca: text("client.cert") };
    secure = createServer(
      { ...tls, requestCert: true, rejectUnauthorized: true },
      (asked, reply) => {
        void fetch(`http://${registry.host}${asked.url}`, {
          method: asked.method!,
          headers: { Accept: asked.headers.accept ?? "*/*" },
          decompress: false,
        })
          .then(async (got) => {
            reply.writeHead(got.status, Object.fromEntries(got.headers));
            reply.end(Buffer.from(await got.arrayBuffer()));
          })
          .catch(() => reply.destroy());
      },
    );
    await new Promise<void>((resolve) => {
      secure.listen(0, "127.0.0.1", resolve);
    });
    const host = `127.0.0.1:${(secure.address() as AddressInfo).port}`;
    name = `${host}/a/one:1`;
    certs = `/etc/docker/certs.d/${host}`;
    for (const path of ["/etc/docker", "/etc/docker/certs.d", certs]) {
      if (!existsSync(path)) madeHere.unshift(path);
      mkdirSync(path, { recursive: true });
    }
  });
  afterAll(async () => {
    rmSync(certs, { recursive: true, force: true });
    for (const path of madeHere.slice(1)) rmdirSync(path);
    secure.closeAllConnections();
    secure.close();
    await registry[Symbol.asyncDispose]();
  });

  test("gets the one of certs.d; without it, or with another's, it gives nothing", async () => {
    const pull = () => engine.run(["pull", "-q", name]);
    expect((await pull()).exitCode).toBe(125);
    for (const who of ["stranger", "client"] as const) {
      writeFileSync(`${certs}/it.cert`, text(`${who}.cert`));
      writeFileSync(`${certs}/it.key`, text(`${who}.key`));
      expect((await pull()).exitCode).toBe(who === "client" ? 0 : 125);
    }
    rmSync(`${certs}/it.key`);
    const { stderr } = await pull();
    expect(stderr).toContain(`${certs}/it.cert has no ${certs}/it.key beside it`);
  });
});
