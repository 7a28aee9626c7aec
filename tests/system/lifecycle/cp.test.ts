import { afterAll, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { describeAsRoot, Engine, expectAsBefore, hostPicture } from "../support.ts";

describeAsRoot("cp", () => {
  const engine = new Engine(173);
  const here = mkdtempSync("/var/tmp/kontener-cp-");
  afterAll(() => rmSync(here, { recursive: true, force: true }));
  const k = async (...args: string[]) => await engine.run(args);
  const cp = async (...args: string[]) => {
    const { stderr, exitCode } = await k("cp", ...args);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  };
  const inside = async (script: string) => (await k("exec", "box", "sh", "-c", script)).stdout;
  /** Types, modes, owners, sizes, link targets and times of a tree, as find(1) says them. */
  const listing = (directory: string) => {
    const format = "%P %y %m %U %G %s %l %T@\\n";
    const { stdout } = Bun.spawnSync(["find", ".", "-mindepth", "1", "-printf", format], {
      cwd: directory,
    });
    const lines = stdout
      .toString()
      .replace(/ d (\S+ \S+ \S+) \d+/g, " d $1")
      .split("\n");
    return lines.filter(Boolean).sort();
  };
  const tree = (name: string) => {
    const top = `${here}/${name}`;
    mkdirSync(`${top}/deep/er`, { recursive: true });
    writeFileSync(`${top}/file with ü`, "text");
    chmodSync(`${top}/file with ü`, 0o640);
    writeFileSync(`${top}/deep/big`, new Uint8Array(700_000).fill(7));
    symlinkSync("../big", `${top}/deep/er/link`);
    symlinkSync("/etc/passwd", `${top}/away`);
    linkSync(`${top}/deep/big`, `${top}/deep/second`);
    writeFileSync(`${top}/${"long".repeat(50)}`, "");
    return top;
  };

  test("there and back is the same tree, for a container that runs, has ended, or was never started", async () => {
    const before = hostPicture(engine);
    const top = tree("there");
    await k(
      "create",
      "--name",
      "young",
      "--network",
      "none",
      "busybox",
      "cat",
      "/in/there/deep/er/link",
    );
    await k("run", "-d", "--name", "box", "--network", "none", "busybox", "sleep", "99");
    await k("run", "-d", "--name", "old", "--network", "none", "busybox", "touch", "/own");
    await k("wait", "old");
    for (const name of ["box", "old", "young"]) {
      mkdirSync(`${here}/in`, { recursive: true });
      await cp("-a", `${here}/in`, `${name}:/`);
      await cp("-a", top, `${name}:/in`);
      await cp("-a", `${name}:/in/there`, `${here}/back-${name}`);
      expect(listing(`${here}/back-${name}`)).toEqual(listing(top));
    }
    expect(await inside("ls -l /in/there/deep/er/link | wc -l")).toBe("1\n");
    expect((await k("diff", "old")).stdout).toContain("A /own");
    expect((await k("start", "-a", "young")).stdout.length).toBe(700_000);
    await k("rm", "-f", "box", "old", "young");
    await expectAsBefore(engine, before);
  });

  test("what is made belongs to root inside and to us outside, without set-id bits", async () => {
    await k("run", "-d", "--name", "box", "--network", "none", "busybox", "sleep", "99");
    await inside("cp /bin/busybox /suid; chown 5:6 /suid; chmod 6755 /suid");
    await cp("box:/suid", `${here}/suid`);
    const { uid, gid, mode } = lstatSync(`${here}/suid`);
    expect([uid, gid, mode & 0o7777]).toEqual([0, 0, 0o755]);
    await cp("-a", "box:/suid", `${here}/suid`);
    expect(lstatSync(`${here}/suid`).uid).toBe(5);
    await cp(`${here}/suid`, "box:/copied");
    expect(await inside("stat -c %u:%g /copied")).toBe("0:0\n");
  });

  test("docker's rules: /. copies the contents, a file takes a new name, a directory is not replaced by a file", async () => {
    mkdirSync(`${here}/rules/sub`, { recursive: true });
    writeFileSync(`${here}/rules/a`, "a");
    await cp(`${here}/rules/.`, "box:/tmp");
    await cp(`${here}/rules`, "box:/tmp/new");
    await cp(`${here}/rules/a`, "box:/tmp/sub/");
    await cp(`${here}/rules/a`, "box:/tmp/b");
    expect(await inside("cd /tmp; find . | sort | tr '\\n' ' '")).toBe(
      ". ./a ./b ./new ./new/a ./new/sub ./sub ./sub/a ",
    );
    const refused = async (...words: string[]) => {
      const { stderr, exitCode } = await k("cp", ...words);
      expect(exitCode).not.toBe(0);
      return stderr;
    };
    mkdirSync(`${here}/sub2/a`, { recursive: true });
    expect(await refused(`${here}/sub2/a`, "box:/tmp/b")).toContain("cannot be copied over it");
    writeFileSync(`${here}/new`, "");
    expect(await refused(`${here}/new`, "box:/tmp")).toContain(
      "is a directory, and the source is not",
    );
    expect(await refused("box:/nothing", here)).toContain('there is no "/nothing"');
    expect(await refused("box:/etc", "box:/tmp")).toContain("one of the two is in a container");
    expect(await refused("nobox:/etc", here)).toContain("there is no container");
    expect(await refused("box:/proc/1/status", here)).toContain("a file of the kernel's");
  });

  test("- is a tar stream, both ways, and tar(1) reads and writes it", async () => {
    const top = tree("streamed");
    const tar = Bun.spawnSync(["tar", "-C", top, "-czf", "-", "."]).stdout;
    const child = Bun.spawn(engine.command(["cp", "-", "box:/mnt"]), {
      env: engine.env,
      stdio: [new Blob([tar]), "ignore", "inherit"],
    });
    expect(await child.exited).toBe(0);
    const out = Bun.spawnSync(engine.command(["cp", "box:/mnt/.", "-"]), {
      env: engine.env,
    }).stdout;
    mkdirSync(`${here}/from-stream`);
    Bun.spawnSync(["tar", "-C", `${here}/from-stream`, "-xpf", "-"], { stdin: out });
    const modest = (lines: string[]) => lines.map((line) => line.replace(/ \S+$/, ""));
    expect(modest(listing(`${here}/from-stream`))).toEqual(modest(listing(top)));
    expect((await engine.run(["cp", "-", "box:/mnt"], { stdin: "no tar" })).exitCode).not.toBe(0);
  });

  test("links are copied as links; -L follows one, inside the container's own root", async () => {
    await inside("ln -s /etc/passwd /pw; echo mine:x:7:7::/:/bin/sh >> /etc/passwd");
    await cp("box:/pw", `${here}/pw`);
    expect(readlinkSync(`${here}/pw`)).toBe("/etc/passwd");
    rmSync(`${here}/pw`);
    await cp("-L", "box:/pw", `${here}/pw`);
    expect(readFileSync(`${here}/pw`, "utf8")).toContain("mine:x:7:7");
  });

  test("CVE-2018-15664: a container's link does not lead a copy out of it; a path without protection is led out", async () => {
    const victim = `${here}/victim`;
    mkdirSync(victim);
    writeFileSync(`${victim}/secret`, "the host's");
    writeFileSync(`${here}/payload`, "the attacker's");
    await inside(
      `mkdir -p ${victim}; ln -s ${victim} /trap; ln -s ../../../../../..${victim} /trap2`,
    );
    // The control: by its path on the host the same link leads to the host's directory.
    const id = (await k("inspect", "-f", "{{.Id}}", "box")).stdout.trim();
    const upper = `${engine.env["KONTENER_LIB"]}/containers/${id}/upper`;
    writeFileSync(`${upper}/trap/control`, "");
    expect(existsSync(`${victim}/control`)).toBe(true);
    for (const trap of ["trap", "trap2"]) {
      await cp(`${here}/payload`, `box:/${trap}/owned`);
      expect(existsSync(`${victim}/owned`)).toBe(false);
      expect(await inside(`cat ${victim}/owned; rm ${victim}/owned`)).toBe("the attacker's");
      const { stderr } = await k("cp", `box:/${trap}/secret`, `${here}/stolen`);
      expect(stderr).toContain("there is no");
    }
    expect(existsSync(`${here}/stolen`)).toBe(false);
  });

  test("a container that swaps a directory for a link all the time reaches nothing of the host's", async () => {
    const victim = `${here}/victim2`;
    mkdirSync(victim);
    writeFileSync(`${victim}/secret`, "the host's");
    await inside(`mkdir -p /race${victim} /race/d; ln -s ${victim} /race/l`);
    await k(
      "exec",
      "-d",
      "box",
      "sh",
      "-c",
      "cd /race; while :; do mv d x; mv l d; mv d l; mv x d; done",
    );
    let through = 0;
    for (let i = 0; i < 15; i++) {
      await k("cp", `${here}/payload`, "box:/race/d/owned");
      const out = `${here}/raced-${i}`;
      if ((await k("cp", "box:/race/d/.", out)).exitCode === 0) through++;
      if (existsSync(out)) expect(existsSync(`${out}/secret`)).toBe(false);
    }
    expect(through).toBeGreaterThan(0);
    expect(existsSync(`${victim}/owned`)).toBe(false);
    await k("rm", "-f", "box");
  });

  test("with a user namespace what is copied in is root's of the container, and owners are counted from it on", async () => {
    await k(
      "run",
      "-d",
      "--name",
      "mapped",
      "--network",
      "none",
      "--userns",
      "auto",
      "busybox",
      "sleep",
      "99",
    );
    const of = async (path: string) =>
      (await k("exec", "mapped", "stat", "-c", "%u:%g", path)).stdout.trim();
    writeFileSync(`${here}/owned`, "x");
    chownSync(`${here}/owned`, 5, 6);
    await cp(`${here}/owned`, "mapped:/plain");
    await cp("-a", `${here}/owned`, "mapped:/archive");
    expect([await of("/plain"), await of("/archive")]).toEqual(["0:0", "5:6"]);
    await cp("-a", "mapped:/archive", `${here}/again`);
    const { uid, gid } = lstatSync(`${here}/again`);
    expect([uid, gid]).toEqual([5, 6]);
    await k("rm", "-f", "mapped");
  });

  test("what is mounted only while a container runs is refused while it does not", async () => {
    await k("create", "--name", "vol", "-v", `${here}:/data`, "busybox", "true");
    expect((await k("cp", `${here}/payload`, "vol:/data/x")).stderr).toContain(
      "is mounted when vol runs",
    );
    await k("rm", "vol");
  });
});
