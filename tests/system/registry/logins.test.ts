import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { describeAsRoot, Engine } from "../support.ts";
import { writeLayout } from "./layout.ts";
import { fill, Registry, run } from "./registry.ts";

const login = { username: "me", password: "pa:ss wörd" };
const creds = ["--dest-creds", `${login.username}:${login.password}`];

describeAsRoot("logins", () => {
  const engine = new Engine(86);
  const k = (...args: string[]) => engine.run(args);
  const config = `${engine.env["DOCKER_CONFIG"]}/config.json`;
  let [basic, token]: [Registry, Registry] = [undefined!, undefined!];

  beforeAll(async () => {
    [basic, token] = await Promise.all([
      Registry.start("htpasswd", login),
      Registry.start("token", login),
    ]);
    writeLayout(`${engine.directory}/one`, [1000]);
    await fill(`${engine.directory}/one`, `${basic.host}/a/one:1`, ...creds);
    await fill(`${engine.directory}/one`, `${token.host}/a/one:1`, ...creds);
    await fill(`${engine.directory}/one`, `${token.host}/open/one:1`, ...creds);
  });
  afterAll(async () => {
    await basic[Symbol.asyncDispose]();
    await token[Symbol.asyncDispose]();
  });

  const logIn = (host: string, password = login.password, env = {}) =>
    engine.run(["login", "-u", login.username, "--password-stdin", host], {
      stdin: `${password}\n`,
      env,
    });

  test("without one a registry that wants one is named, with the command that helps", async () => {
    for (const { host } of [basic, token]) {
      const { stderr, exitCode } = await k("pull", `${host}/a/one:1`);
      expect(exitCode).toBe(125);
      expect(stderr).toContain(`${host} asks for a login, or there is no ${host}/a/one:1`);
      expect(stderr).toContain(`kontener login ${host}`);
    }
  });

  test("a token for nobody pulls what is open to all", async () => {
    token.tokens.length = 0;
    const { exitCode, stdout } = await k("pull", "-q", `${token.host}/open/one:1`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${token.host}/open/one:1\n` });
    expect(token.tokens).toEqual([{ username: undefined, scopes: ["repository:open/one:pull"] }]);
  });

  test("one that the registry does not take is kept nowhere", async () => {
    for (const { host } of [basic, token]) {
      const { stderr, exitCode } = await logIn(host, "wrong");
      expect(exitCode).toBe(125);
      expect(stderr).toContain(`${host} does not accept the login of me`);
      expect(existsSync(config)).toBe(false);
    }
  });

  test("login, pull, logout: docker's file, for its owner only, with what else is in it", async () => {
    mkdirSync(engine.env["DOCKER_CONFIG"]!);
    writeFileSync(config, '{"psFormat":"x"}', { mode: 0o644 });
    for (const { host } of [basic, token]) {
      const { stdout, stderr, exitCode } = await logIn(host);
      expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
      expect(stdout).toBe(`logged in to ${host} as me, kept in ${config}\n`);
      expect((await k("pull", "-q", `${host}/a/one:1`)).exitCode).toBe(0);
      // skopeo reads the same file.
      const raw = ["skopeo", "inspect", "--raw", "--tls-verify=false", "--authfile", config];
      expect(await run([...raw, `docker://${host}/a/one:1`])).toContain("schemaVersion");
    }
    expect(statSync(config).mode & 0o777).toBe(0o600);
    expect(readFileSync(config, "utf8")).not.toContain(login.password);
    for (const { host } of [basic, token]) {
      expect((await k("logout", host)).stdout).toBe(
        `logged out of ${host}: forgotten in ${config}\n`,
      );
      expect((await k("pull", "-q", `${host}/a/one:1`)).exitCode).toBe(125);
      expect((await k("logout", host)).exitCode).toBe(1);
    }
    expect(JSON.parse(readFileSync(config, "utf8"))).toEqual({ psFormat: "x", auths: {} });
  });

  test("podman's file is read as well", async () => {
    const file = `${engine.directory}/auth.json`;
    const words = ["podman", "login", "--tls-verify=false", "--authfile", file];
    await run([...words, "-u", login.username, "-p", login.password, basic.host]);
    const env = { REGISTRY_AUTH_FILE: file };
    const pull = await engine.run(["pull", "-q", `${basic.host}/a/one:1`], { env });
    expect(pull.exitCode).toBe(0);
  });

  test("a credential helper keeps it instead of the file, and is asked again", async () => {
    const directory = `${engine.directory}/helper`;
    mkdirSync(directory);
    // docker's protocol: store, get and erase, one entry.
    writeFileSync(
      `${directory}/docker-credential-box`,
      `#!/bin/sh
       case $1 in
         store) cat > ${directory}/entry ;;
         get) read key; if grep -qF "\\"$key\\"" ${directory}/entry 2> /dev/null; then cat ${directory}/entry
              else echo credentials not found in native keychain; exit 1; fi ;;
         erase) rm ${directory}/entry ;;
       esac`,
    );
    chmodSync(`${directory}/docker-credential-box`, 0o755);
    const DOCKER_CONFIG = `${directory}/config`;
    mkdirSync(DOCKER_CONFIG);
    writeFileSync(`${DOCKER_CONFIG}/config.json`, '{"credsStore":"box"}');
    const env = { DOCKER_CONFIG, PATH: `${directory}:${engine.env["PATH"]}` };
    const pull = () => engine.run(["pull", "-q", `${basic.host}/a/one:1`], { env });
    expect((await pull()).exitCode).toBe(125);
    const { stdout } = await logIn(basic.host, login.password, env);
    expect(stdout).toContain("kept in docker-credential-box");
    expect(readFileSync(`${DOCKER_CONFIG}/config.json`, "utf8")).toBe('{"credsStore":"box"}');
    expect((await pull()).exitCode).toBe(0);
    expect((await engine.run(["logout", basic.host], { env })).exitCode).toBe(0);
    expect((await pull()).exitCode).toBe(125);
    writeFileSync(`${DOCKER_CONFIG}/config.json`, '{"credsStore":"gone"}');
    expect((await pull()).stderr).toContain("docker-credential-gone it cannot be started");
  });

  test("what makes no sense is refused in one sentence", async () => {
    for (const [args, words] of [
      [["login", "--password-stdin", basic.host], "needs the user's name"],
      [["login", "-u", "me", basic.host], "there is no terminal"],
      [["login", "-u", "a:b", "-p", "x", basic.host], "without a colon"],
      [["login", "nothing"], "is not a registry"],
      [["pull", "UPPER"], "is not an image's name"],
      [["pull", "--tls-verify=perhaps", "x"], "true or false"],
      [["pull", "--platform", "a/b/c/d", "x"], "is not a platform"],
      [["run", "--pull", "sometimes", "x"], "--pull"],
    ] as const) {
      const { stderr, exitCode } = await k(...args);
      expect(exitCode).toBe(125);
      expect(stderr).toContain(words);
      expect(stderr).not.toMatch(/\bat .*\.ts:\d+/);
    }
  });
});
