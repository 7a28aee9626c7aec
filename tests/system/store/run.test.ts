import { afterAll, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { findImage } from "../../../src/image/store.ts";
import { addImage, addLayer, type AddedLayer } from "../../../src/store/add.ts";
import { adding } from "../../../src/store/lock.ts";
import { archive, chunks, type Raw } from "../../unit/image/tar-builder.ts";
import { describeAsRoot, Engine } from "../support.ts";
import { shell } from "./images.ts";

const base = mkdtempSync("/var/tmp/kontener-store-");
afterAll(() => rm(base, { recursive: true, force: true }), 120_000);

describeAsRoot("a container from the store", () => {
  const engine = new Engine(180);
  const paths = { lib: engine.env["KONTENER_LIB"]!, run: engine.env["KONTENER_RUN"]! };

  /** busybox's tree as the lowest layer, then one for each of the lists. */
  async function image(name: string, layers: Raw[][], config = {}): Promise<string> {
    const { layers: busybox } = await findImage("busybox", paths);
    await shell(`tar -C ${busybox[0]!} -cf ${base}/busybox.tar .`, base);
    const { id } = await adding(paths, async () => {
      const below: AddedLayer[] = [];
      below.push(await addLayer(Bun.file(`${base}/busybox.tar`).stream(), { paths, below }));
      for (const entries of layers)
        below.push(await addLayer(chunks(archive(...entries)), { paths, below }));
      const tag = `docker.io/library/${name}`;
      return await addImage({ os: "linux", architecture: "amd64", config }, below, [tag], paths);
    });
    return id;
  }

  const run = (...args: string[]) => engine.run(["run", "--network", "none", ...args]);

  test("has all of 120 layers, the uppermost on top", async () => {
    const layers = Array.from({ length: 119 }, (_, i): Raw[] => [
      { name: `file-${i}`, content: `${i}` },
      { name: "top", content: `${i}` },
    ]);
    await image("many:latest", layers);
    const script = "cat /top; ls / | grep -c file-";
    expect(await run("many", "sh", "-c", script)).toEqual({
      stdout: "118119\n",
      stderr: "",
      exitCode: 0,
    });
  });

  test("is found by its name, its id and the beginning of its id", async () => {
    const id = await image("small:1", [[{ name: "here", content: "yes" }]]);
    const words = ["small:1", "docker.io/library/small:1", id, id.slice(7), id.slice(7, 19)];
    for (const word of words) expect((await run(word, "cat", "/here")).stdout).toBe("yes");
    const missing = await run("--pull", "never", "small", "true");
    expect(missing).toMatchObject({ exitCode: 125, stdout: "" });
    expect(missing.stderr).toContain('no image "small"');
  });

  test("inherits entrypoint, command, environment, user with groups, and a working directory that is made", async () => {
    const accounts: Raw[] = [
      { name: "etc/", type: "5" },
      {
        name: "etc/passwd",
        content: "root:x:0:0::/root:/bin/sh\napp:x:123:456::/home/app:/bin/sh\n",
      },
      { name: "etc/group", content: "root:x:0:\napp:x:456:\nextra:x:789:app\n" },
    ];
    await image("config:latest", [accounts], {
      User: "app",
      Env: ["GREETING=hello"],
      WorkingDir: "/made/here",
      Entrypoint: ["/bin/sh", "-c"],
      Cmd: ['echo $GREETING; pwd; id -u; id -G; echo "$HOME"'],
    });
    const { stdout } = await run("config");
    expect(stdout).toBe("hello\n/made/here\n123\n456 789\n/home/app\n");
    expect((await run("config", "echo other")).stdout).toBe("other\n");
  });

  test("names that a layer has deleted are gone, its users too", async () => {
    await image("gone:latest", [
      [{ name: "etc/", type: "5" }, { name: "etc/.wh.passwd" }, { name: "etc/.wh.group" }],
    ]);
    const { stderr, exitCode } = await run("--user", "nobody", "gone", "true");
    expect(exitCode).toBe(125);
    expect(stderr).toContain("not in the image's /etc/passwd");
  });

  test("started again it is of the image that it was made from, whatever the tag means now", async () => {
    await image("moving:latest", [[{ name: "which", content: "first" }]]);
    const made = await engine.run(["create", "--network", "none", "moving", "cat", "/which"]);
    const name = made.stdout.trim();
    await image("moving:latest", [[{ name: "which", content: "second" }]]);
    await engine.run(["start", name]);
    await engine.run(["wait", name]);
    expect((await engine.run(["logs", name])).stdout).toBe("first");
    expect((await run("moving", "cat", "/which")).stdout).toBe("second");
    await engine.run(["rm", name]);
  });
});
