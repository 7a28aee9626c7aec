import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describeAsRoot, Engine, root } from "./support.ts";

describeAsRoot("images", () => {
  const engine = new Engine(71);
  const inside = (image: string, script: string) =>
    engine.run(["run", "--network", "none", image, "sh", "-c", script]);

  test("busybox is there without being prepared", async () => {
    const { stdout, stderr, exitCode } = await inside("busybox", "whoami; echo $PATH; ls -d /tmp");
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(stdout).toBe(
      "root\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n/tmp\n",
    );
  });

  test("every command of busybox leads to busybox", async () => {
    const script = `for c in $(busybox --list-full); do
      [ "$(readlink -f /$c)" = /bin/busybox ] || echo $c; done`;
    expect((await inside("busybox", script)).stdout).toBe("");
  });

  test("host has the host's programs, read-only, and none of its secrets", async () => {
    const script = `
      awk 'BEGIN { print "awk" }'; id -un
      touch /usr/x 2>&1 | grep -o 'Read-only file system'
      for f in /etc/shadow /etc/ssh /etc/ssl/private /home/* /root/.[a-z]*; do
        if [ -e "$f" ]; then echo "$f"; fi; done`;
    expect((await inside("host", script)).stdout).toBe("awk\nroot\nRead-only file system\n");
  });

  test("alpine by name is alpine, or an error that says how to get it", async () => {
    const { stderr, exitCode } = await inside("alpine", "true");
    expect(exitCode).toBe(125);
    expect(stderr).toContain("cannot reach docker.io: nobody answers there");
    expect(stderr).toContain("kontener prepare alpine");
  });

  test("a shell without an image is busybox where the mirror does not answer, and that is said", async () => {
    const env = { KONTENER_ALPINE_MIRROR: "http://127.0.0.1:9" };
    const { stdout, stderr, exitCode } = await engine.run(["sh", "--network", "none"], {
      stdin: "busybox | head -n 1\n",
      env,
    });
    expect(stdout).toStartWith("BusyBox v1.");
    expect(stderr).toContain("nobody answers there; this is busybox instead");
    expect(exitCode).toBe(0);
  });

  test("an image is prepared once, from a directory of any name", async () => {
    const from = `${engine.directory}/some where`;
    mkdirSync(from);
    writeFileSync(`${from}/hello`, "hello\n");
    const archive = `${engine.directory}/some.tar`;
    Bun.spawnSync(["tar", "-cf", archive, "-C", from, "."]);
    expect((await engine.run(["prepare", "mine", "--from", from])).stdout).toBe("mine is ready\n");
    const again = ["prepare", "mine", "--from", archive];
    expect((await engine.run(again)).stdout).toBe("mine is ready\n");
    expect((await engine.run(again)).stdout).toBe("mine is there already\n");
    const rootfs = `${engine.env["KONTENER_LIB"]}/images/mine/rootfs`;
    expect(readFileSync(`${rootfs}/hello`, "utf8")).toBe("hello\n");
  });

  test("prepare says in one sentence what is wrong, without a trace", async () => {
    for (const args of [["nope"], ["a", "--from", "/no"], ["a", "b", "--from", "/"], ["--no"]]) {
      const { stderr, exitCode } = await engine.run(["prepare", ...args]);
      expect(exitCode).toBe(125);
      expect(stderr).not.toMatch(/\bat .*\.ts:\d+/);
    }
  });

  test("a compiled executable has busybox in it", async () => {
    const entry = `${engine.directory}/entry.ts`;
    const executable = `${engine.directory}/entry`;
    writeFileSync(
      entry,
      `import { findImage } from "${root}src/image/store.ts";
       findImage("busybox", { lib: process.argv[2]!, run: "" }).then(({ layers }) => console.log(layers[0]));`,
    );
    const build = [
      "build",
      "--compile",
      "--bytecode",
      "--format=cjs",
      entry,
      "--outfile",
      executable,
    ];
    expect(Bun.spawnSync([process.execPath, ...build]).exitCode).toBe(0);
    const lib = `${engine.directory}/compiled`;
    const { stdout } = Bun.spawnSync([executable, lib], { cwd: "/", env: {} });
    expect(stdout.toString()).toBe(`${lib}/images/busybox/rootfs\n`);
    expect(existsSync(`${lib}/images/busybox/rootfs/bin/busybox`)).toBe(true);
    const { source } = JSON.parse(readFileSync(`${lib}/images/busybox/image.json`, "utf8"));
    if (process.arch === "x64") expect(source).toStartWith("npm:busybox-static");
  });
});
