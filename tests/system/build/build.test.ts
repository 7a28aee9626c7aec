/** `kontener build` by itself: the cache, the context's walls, errors, what is left behind. */
import { beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { linkName } from "../../../src/network/link-name.ts";
import { Leftovers } from "../lifecycle/leftovers.ts";
import { describeAsRoot, Engine, eventually } from "../support.ts";
import { configOf, context, withMounted, type Files } from "./world.ts";

describeAsRoot("kontener build", () => {
  const engine = new Engine(72);
  let n = 0;
  /** Builds a Dockerfile over some files. */
  const build = async (dockerfile: string, files: Files = {}, ...flags: string[]) => {
    const directory = context({ ...files, Dockerfile: dockerfile });
    const name = `t${n++}`;
    const result = await engine.run([
      "build",
      "--network",
      "none",
      "-t",
      name,
      ...flags,
      directory,
    ]);
    return { ...result, name, directory, id: result.stdout.trim() };
  };
  const run = async (image: string, ...command: string[]) =>
    (await engine.run(["run", "--rm", "--network", "none", image, ...command])).stdout;
  const again = (directory: string, ...flags: string[]) =>
    engine.run(["build", "--network", "none", ...flags, directory]);
  const { KONTENER_LIB: lib, KONTENER_RUN: state } = engine.env as Record<string, string>;
  const leftovers = new Leftovers(engine);
  /** Nothing of any container that a build has made is left, and no half layer. */
  const expectNothingLeft = async (context: string) => {
    leftovers.note(readFileSync(`${state}/events`, "utf8"));
    await leftovers.expectNone(context);
    expect(readdirSync(`${lib}/store/l`).filter((name) => name.startsWith("."))).toEqual([]);
  };

  beforeAll(async () => {
    await engine.run(["run", "--rm", "--network", "none", "busybox", "true"]);
  });

  test("an image that was built runs as its Dockerfile says", async () => {
    const { name, stderr, exitCode } = await build(
      'FROM busybox\nENV WHO=world\nWORKDIR /w\nCOPY f .\nRUN adduser -D me; chown me f\nUSER me\nENTRYPOINT ["sh", "-c"]\nCMD ["echo hello $WHO; pwd; id -un; cat f"]',
      { f: "content\n" },
    );
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(await run(name)).toBe("hello world\n/w\nme\ncontent\n");
  });

  test("a second build comes from the cache, with the same id; a touched file is the same file, another content is not", async () => {
    const { id, directory } = await build("FROM busybox\nCOPY f /\nRUN date +%N > /t\nCMD x", {
      f: "1",
    });
    utimesSync(`${directory}/f`, 1, 1);
    const cached = await again(directory);
    expect(cached.stdout.trim()).toBe(id);
    expect(cached.stderr.match(/\(cached\)/g)).toHaveLength(2);
    expect((await again(directory, "--no-cache")).stdout.trim()).not.toBe(id);
    writeFileSync(`${directory}/f`, "2");
    const changed = await again(directory);
    expect(changed.stderr).not.toContain("(cached)");
    expect(changed.stdout.trim()).not.toBe(id);
  });

  test("a build argument is part of a RUN's key, a proxy is not", async () => {
    const { directory } = await build("FROM busybox\nARG X=1\nRUN echo $X > /x");
    const other = await again(directory, "--build-arg", "X=2");
    expect(other.stderr).not.toContain("(cached)");
    expect(await run(other.stdout.trim(), "cat", "/x")).toBe("2\n");
    const proxied = await again(directory, "--build-arg", "http_proxy=http://nowhere");
    expect(proxied.stderr).toContain("(cached)");
  });

  test("image prune takes what only the cache has, and the next build makes it again", async () => {
    const { id, directory, name } = await build("FROM busybox\nRUN date +%N > /t");
    expect((await engine.run(["rmi", name])).exitCode).toBe(0);
    expect((await engine.run(["image", "prune", "-f"])).exitCode).toBe(0);
    const next = await again(directory);
    expect(next.exitCode).toBe(0);
    expect(next.stderr).not.toContain("RUN /bin/sh -c date +%N > /t (cached)");
    expect(next.stdout.trim()).not.toBe(id);
  });

  test("COPY cannot be led out of the context, nor out of the image", async () => {
    const secret = context({ key: "the host's" });
    const led = await build("FROM busybox\nCOPY link /x", { link: { link: `${secret}/key` } });
    expect(readFileSync(`${led.directory}/link`, "utf8")).toBe("the host's"); // what a plain read would give
    expect(led.exitCode).toBe(125);
    expect(led.stderr).toContain('Dockerfile:2: "link" is not in the context');
    const through = await build("FROM busybox\nCOPY d/key /x", { d: { link: secret } });
    expect(through.stderr).toContain('"d/key" is not in the context');
    const upwards = await build(`FROM busybox\nCOPY ../../..${secret}/key /x`);
    expect(upwards.stderr).toContain("is not in the context");
    // A link of the image's that names a place of the host's leads to that place in the image.
    const target = `${secret}/out`;
    const out = await build(
      `FROM busybox\nRUN mkdir -p ${secret} && ln -s ${target} /l && mkdir ${target}\nCOPY f /l/`,
      { f: "x" },
    );
    expect(out.exitCode).toBe(0);
    expect(existsSync(target)).toBeFalse();
    expect(await run(out.name, "cat", `${target}/f`)).toBe("x");
    // The same link inside of a directory is copied as a link.
    const inside = await build("FROM busybox\nCOPY d /d", { "d/l": { link: `${secret}/key` } });
    expect(await run(inside.name, "readlink", "/d/l")).toBe(`${secret}/key\n`);
  });

  test("what a .dockerignore names is not there, for COPY and for RUN --mount=type=bind", async () => {
    const files = { a: "1", "no/x": "2", "no/yes": "3", ".dockerignore": "no\n!no/yes" };
    const { name, stderr } = await build(
      "FROM busybox\nRUN --mount=type=bind,target=/c find /c -type f | sort > /bound\nCOPY . /c",
      files,
    );
    expect(stderr).not.toContain("kontener:");
    const found = "/c/.dockerignore\n/c/Dockerfile\n/c/a\n/c/no/yes\n";
    expect(await run(name, "sh", "-c", "find /c -type f | sort")).toBe(found);
    expect(await run(name, "cat", "/bound")).toBe(found);
    const gone = await build("FROM busybox\nCOPY no/x /", files);
    expect(gone.stderr).toContain("the .dockerignore leaves it out");
  });

  test("mounts: a cache stays between builds, a secret and a tmpfs leave nothing in the image", async () => {
    const secret = context({ s: "hush" });
    const dockerfile = `FROM busybox
RUN --mount=type=cache,target=/cache --mount=type=secret,id=s --mount=type=tmpfs,target=/t \\
    cat /run/secrets/s > /dev/shm/s && wc -c < /run/secrets/s > /size && echo 1 >> /cache/n && cat /cache/n > /n && echo x > /t/x`;
    const flag = ["--secret", `id=s,src=${secret}/s`, "--no-cache"];
    const one = await build(dockerfile, {}, ...flag);
    expect({ code: one.exitCode, err: one.stderr }).toMatchObject({ code: 0 });
    const two = await again(one.directory, ...flag);
    expect(
      await run(two.stdout.trim(), "sh", "-c", "cat /size /n; ls -d /t /run/secrets /cache"),
    ).toBe("4\n1\n1\n");
  });

  test("a secret's value is nowhere on the disk, unless a command keeps it, and is no part of a key", async () => {
    const value = `hush-${crypto.randomUUID()}`;
    const files = context({ one: value, two: `other-${crypto.randomUUID()}` });
    const secret = (file: string) => ["--secret", `id=s,src=${files}/${file}`];
    const mount = "--mount=type=secret,id=s,env=S --mount=type=secret,id=s,target=/s";
    const { directory, exitCode } = await build(
      `FROM busybox\nRUN ${mount} test "$(cat /s)" = "$S" && wc -c < /s > /size`,
      {},
      ...secret("one"),
    );
    expect(exitCode).toBe(0);
    /** Files with the value in them, below all that is the engine's. */
    const holders = async () => {
      const words = ["grep", "-rlaF", "-D", "skip", "-e", value, engine.directory];
      return (await Bun.spawn(words).stdout.text()).split("\n").filter(Boolean);
    };
    expect(await holders()).toEqual([]);
    // As in docker: another value does not make another step.
    expect((await again(directory, ...secret("two"))).stderr).toContain("(cached)");
    expect((await again(directory)).stderr).toContain("(cached)");
    // What looks for it finds it where it is.
    await build(`FROM busybox\nRUN ${mount} cp /s /kept`, {}, ...secret("one"));
    expect((await holders()).map((path) => path.split("/").at(-1))).toEqual(["kept"]);
  });

  test("an ONBUILD is done by whoever builds from the image, once", async () => {
    const parent = await build(
      "FROM busybox\nONBUILD COPY f /onbuild\nONBUILD RUN cat /onbuild > /copied",
    );
    const child = await build(`FROM ${parent.name}`, { f: "mine" });
    expect(await run(child.name, "cat", "/copied")).toBe("mine");
    expect(configOf(engine, child.id).config?.OnBuild).toBeUndefined();
    const missing = await build(`FROM ${parent.name}`);
    expect(missing.stderr).toContain('Dockerfile:1: "f" is not in the context');
  });

  test("errors name file and line, and leave nothing", async () => {
    const failing = await build("FROM busybox\n\nRUN echo out; exit 7");
    expect(failing.exitCode).toBe(1);
    expect(failing.stderr).toContain("out\nkontener: ");
    expect(failing.stderr).toContain("Dockerfile:3: RUN ended with 7: /bin/sh -c echo out; exit 7");
    const quiet = await build("FROM busybox\nRUN echo told; exit 1", {}, "-q");
    expect(quiet.stderr).toStartWith("told\nkontener: ");
    const cases: [string, string][] = [
      ['FROM busybox\nRUN ["nothere"]', 'Dockerfile:2: command not found in the image: "nothere"'],
      [
        "FROM busybox\nUSER nobody2\nRUN x",
        "Dockerfile:3: user “nobody2” is not in the image's /etc/passwd",
      ],
      ["FROM busybox\nCOPY --chown=nobody2 Dockerfile /", "Dockerfile:2: user “nobody2”"],
      ["FROM host", "Dockerfile:1: image host is mounted from the host"],
      ["FROM scratch\nRUN x", "Dockerfile:2: RUN has nothing to run"],
      [
        "FROM --platform=linux/s390x busybox",
        "Dockerfile:1: --platform=linux/s390x: this machine is",
      ],
      [
        "FROM busybox\nCOPY Dockerfile /etc/\nCOPY etc /",
        'Dockerfile:3: "etc" is not in the context',
      ],
    ];
    for (const [dockerfile, message] of cases) {
      const { stderr, exitCode } = await build(dockerfile);
      expect(stderr).toContain(message);
      expect(exitCode).not.toBe(0);
      expect(stderr).not.toContain("bug in kontener");
    }
    await expectNothingLeft("after builds that fail");
  });

  for (const signal of ["SIGINT", "SIGKILL"] as const)
    test(`after ${signal} in a RUN nothing is left that the next build does not remove`, async () => {
      const directory = context({ Dockerfile: "FROM busybox\nRUN touch /started; sleep 1000" });
      const child = Bun.spawn(engine.command(["build", directory]), {
        env: engine.env,
        stdio: ["ignore", "ignore", "ignore"],
      });
      const containers = `${lib}/containers`;
      const started = () =>
        readdirSync(containers).find((id) => existsSync(`${containers}/${id}/upper/started`));
      await eventually(() => started() !== undefined, 20_000);
      const file = `${state}/containers/${started()}/state.json`;
      const { pid } = JSON.parse(readFileSync(file, "utf8")) as { pid: number };
      const link = linkName(started()!);
      const links = () => readdirSync("/sys/class/net").filter((name) => name.startsWith(link));
      expect(links()).not.toEqual([]); // there is something to leave
      child.kill(signal);
      expect(await child.exited).toBe(signal === "SIGINT" ? 130 : 137);
      await eventually(() => !existsSync(`/proc/${pid}`));
      if (signal === "SIGKILL") expect((await build("FROM busybox\nCMD y")).exitCode).toBe(0);
      await expectNothingLeft(`after ${signal}`);
    });

  test("--dry-run prints the steps and does nothing; -f -, --iidfile, --label, --target", async () => {
    const layers = () => readdirSync(`${lib}/store/l`);
    const had = layers();
    const file =
      "FROM busybox AS a\nRUN echo new-1 > /a\nFROM busybox\nCOPY --from=a /a /b\nRUN false";
    const dry = await engine.run(["build", "--dry-run", "-"], { stdin: file });
    expect(dry.stdout).toContain(
      "stage 0 “a” from busybox\n  line 2: RUN /bin/sh -c echo new-1 > /a\n",
    );
    expect(dry.stdout).toContain("copy /a from a to /b");
    expect(layers()).toEqual(had);
    const iid = `${engine.directory}/iid`;
    const directory = context({});
    const args = [
      "build",
      "-q",
      "--network",
      "none",
      "--target",
      "a",
      "--label",
      "l=1",
      "--iidfile",
      iid,
      "-f",
      "-",
      directory,
    ];
    const { stdout, stderr } = await engine.run(args, { stdin: file });
    expect(stderr).toBe("");
    expect(readFileSync(iid, "utf8")).toBe(stdout.trim());
    expect(configOf(engine, stdout.trim()).config?.Labels).toEqual({ l: "1" });
  });

  test("ADD unpacks archives, fetches URLs and holds them to their checksum", async () => {
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) =>
        new URL(request.url).pathname === "/d/file.txt"
          ? new Response("fetched")
          : new Response("", { status: 404 }),
    });
    const tar = await new Response(
      Bun.spawn(["tar", "-cz", "--owner=5", "--group=6", "-C", context({ "x/y": "packed" }), "x"])
        .stdout,
    ).bytes();
    const directory = context({
      Dockerfile: `FROM busybox\nADD a.tgz /to\nADD http://127.0.0.1:${server.port}/d/file.txt /to/\nADD plain /to/p`,
      plain: "not packed",
    });
    writeFileSync(`${directory}/a.tgz`, tar);
    const { stdout, stderr } = await engine.run(["build", "-q", "--network", "none", directory]);
    expect(stderr).toBe("");
    const seen = await run(
      stdout.trim(),
      "sh",
      "-c",
      "cd /to; cat x/y file.txt p; stat -c '%u %g %a' x/y file.txt",
    );
    expect(seen).toBe("packedfetchednot packed5 6 644\n0 0 600\n");
    const wrong = await build(
      `FROM busybox\nADD --checksum=sha256:00 http://127.0.0.1:${server.port}/d/file.txt /`,
    );
    expect(wrong.stderr).toContain("Dockerfile:2: cannot get http://127.0.0.1:");
    expect(wrong.stderr).toContain("wanted sha256:00");
    const missing = await build(`FROM busybox\nADD http://127.0.0.1:${server.port}/no /`);
    expect(missing.stderr).toContain("/no: 404");
  });

  test("mount points of a RUN are not in the image, times of what is copied are kept", async () => {
    const { id, directory } = await build("FROM scratch\nCOPY f /f", { f: "x" });
    expect(id).toStartWith("sha256:");
    utimesSync(`${directory}/f`, 1_000_000_000, 1_000_000_000);
    const { stdout } = await again(directory, "--no-cache");
    await withMounted(engine, stdout.trim(), (root) => expect(readdirSync(root)).toEqual(["f"]));
  });
});
