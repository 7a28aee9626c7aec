import { createSign } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { eventually } from "../support.ts";

export type Login = { username: string; password: string };

/** Debian's docker-registry on loopback, with storage of its own. Dispose of it. */
export class Registry implements AsyncDisposable {
  readonly directory = mkdtempSync("/var/tmp/kontener-registry-");
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Token requests so far: who asked, and the scopes. */
  readonly tokens: { username: string | undefined; scopes: string[] }[] = [];
  #child: Bun.Subprocess | undefined;
  #tokenServer: Bun.Server<undefined> | undefined;
  readonly #login: Login | undefined;

  private constructor(login: Login | undefined) {
    this.#login = login;
    // A port that was free a moment ago.
    const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    this.host = `127.0.0.1:${probe.port}`;
    probe.stop(true);
  }

  static async start(auth: "open" | "htpasswd" | "token", login?: Login): Promise<Registry> {
    const registry = new Registry(login);
    const { directory, host } = registry;
    const config = {
      version: 0.1,
      log: { level: "error", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: `${directory}/data` } },
      http: { addr: host },
      validation: { manifests: { urls: { allow: ["^https://"] } } }, // of foreign layers
      ...(auth === "open" ? {} : { auth: await registry.#auth(auth) }),
    };
    writeFileSync(`${directory}/config.yml`, JSON.stringify(config)); // YAML is a superset of JSON
    mkdirSync(`${directory}/data`);
    registry.#child = Bun.spawn(["docker-registry", "serve", `${directory}/config.yml`], {
      stdio: ["ignore", "ignore", Bun.file(`${directory}/log`)],
      env: { PATH: process.env["PATH"]!, OTEL_TRACES_EXPORTER: "none" },
    });
    await eventually(
      () =>
        fetch(`http://${host}/v2/`).then(
          () => true,
          () => false,
        ),
      15_000,
    );
    return registry;
  }

  async #auth(kind: "htpasswd" | "token") {
    const { directory } = this;
    const { username, password } = this.#login!;
    if (kind === "htpasswd") {
      await run(["htpasswd", "-Bbc", `${directory}/htpasswd`, username, password]);
      return { htpasswd: { realm: "tests", path: `${directory}/htpasswd` } };
    }
    const [key, cert] = [`${directory}/key.pem`, `${directory}/cert.pem`];
    await run(
      ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tests"].concat([
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        cert,
      ]),
    );
    const pem = readFileSync(cert, "utf8").replace(/-----[^-]+-----|\s/g, "");
    this.#tokenServer = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => this.#token(request, readFileSync(key, "utf8"), pem),
    });
    const realm = `http://127.0.0.1:${this.#tokenServer.port}/token`;
    return { token: { realm, service: "tests", issuer: "tests", rootcertbundle: cert } };
  }

  /** distribution's token specification: everybody may pull below `open/`, only who has logged in may do the rest. */
  #token(request: Request, key: string, certificate: string): Response {
    const basic = /^Basic (.*)$/.exec(request.headers.get("Authorization") ?? "")?.[1];
    const shown = Buffer.from(basic ?? "", "base64").toString();
    const [, username, password] = /^(.*?):(.*)$/.exec(shown) ?? [];
    const { searchParams } = new URL(request.url);
    const scopes = searchParams.getAll("scope");
    this.tokens.push({ username, scopes });
    const known = username === this.#login!.username && password === this.#login!.password;
    if (username !== undefined && !known)
      return Response.json({ errors: [{ code: "UNAUTHORIZED" }] }, { status: 401 });
    const access = scopes.map((scope) => {
      const [type, name = "", actions = ""] = scope.split(":");
      const asked = actions.split(",");
      const given = known ? asked : asked.filter((a) => a === "pull" && name.startsWith("open/"));
      return { type, name, actions: given };
    });
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: "tests", sub: username ?? "", aud: "tests", jti: crypto.randomUUID() };
    const times = { exp: now + 60, nbf: now - 10, iat: now };
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const head = encode({ typ: "JWT", alg: "RS256", x5c: [certificate] });
    const text = `${head}.${encode({ ...claims, ...times, access })}`;
    const signature = createSign("RSA-SHA256").update(text).sign(key).toString("base64url");
    return Response.json({ token: `${text}.${signature}`, expires_in: 60 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child?.kill();
    await this.#child?.exited;
    await this.#tokenServer?.stop(true);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A program of the host's, to its end. @throws with what it had to say */
export async function run(command: string[]): Promise<string> {
  const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) === 0) return stdout;
  throw new Error(`${command.join(" ")}: ${stderr}`);
}

/** `skopeo copy` from a layout into a registry. */
export const fill = (layout: string, target: string, ...flags: string[]): Promise<string> =>
  run(
    ["skopeo", "copy", "-q", "--dest-tls-verify=false", ...flags].concat([
      `oci:${layout}:it`,
      `docker://${target}`,
    ]),
  );
