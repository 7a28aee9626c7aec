import { expect, test } from "bun:test";
import { Glob } from "bun";
import { readFileSync } from "node:fs";
import { judge } from "../../../examples/sandbox.ts";
import { matrix } from "../../../examples/build-matrix.ts";
import { serve } from "../../../examples/snippets-server.ts";
import { startServer } from "../../../examples/test-fixture.ts";
import { describeAsRoot, root } from "../support.ts";
import { useEngine } from "./library.ts";

describeAsRoot("examples", () => {
  const engine = useEngine(48);

  const verdicts = [
    ["read a b; echo $((a + b))", "passed"],
    ["echo 6", "wrong answer"],
    ["cat /no/such/file", "failed"],
    ["while :; do :; done", "too slow"],
    ["x=a; while :; do x=$x$x; done", "out of memory"],
    ["yes", "too much output"],
    ["echo 5 > /usr/file || echo 5", "passed"],
    ["id -u | grep -q 65534 && wget -q -O - http://127.0.0.1/ || echo 5", "passed"],
  ] as const;
  test.each(verdicts)("sandbox: %p is %p", async (code, verdict) => {
    expect((await judge(code, "2 3\n", "5")).verdict).toBe(verdict);
  });

  test("test-fixture: a server that answers, and is gone afterwards", async () => {
    let url: string;
    {
      await using fixture = await startServer({ "a.txt": "text" });
      url = `${fixture.url}a.txt`;
      expect(await (await fetch(url)).text()).toBe("text");
    }
    await expect(fetch(url, { signal: AbortSignal.timeout(500) })).rejects.toThrow();
  });

  test("build-matrix: a box for each combination", async () => {
    const cells = await matrix('echo $A$B; [ "$A$B" != 2y ]', { A: ["1", "2"], B: ["x", "y"] }, 2);
    expect(cells.map(({ log, ok }) => [log, ok])).toEqual([
      ["1x\n", true],
      ["1y\n", true],
      ["2x\n", true],
      ["2y\n", false],
    ]);
  });

  test("snippets-server: answers under load, and turns away what is too much", async () => {
    const server = serve({ port: 0, width: 4, queue: 8 });
    const post = (body: string) => fetch(server.url, { method: "POST", body });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => post(`echo ${i}`)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(4);
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    for (const [i, answer] of answers.entries())
      if (answer.ok) expect(await answer.json()).toMatchObject({ stdout: `${i}\n`, exitCode: 0 });
    await server.stop(true);
  });

  for (const { where, code } of documented()) {
    test(`${where} runs as it is printed`, async () => {
      const child = Bun.spawn([process.execPath, "-"], {
        cwd: root,
        env: engine.env,
        stdin: new Blob([code.replaceAll('from "kontener"', `from "${root}src/index.ts"`)]),
        stdout: "pipe",
        stderr: "pipe",
      });
      const error = await child.stderr.text();
      expect(`${error}${await child.exited}`).toBe("0");
    });
  }
});

/** The TypeScript in docstrings and in the library's page. */
function documented(): { where: string; code: string }[] {
  const files = [...new Glob("src/api/**/*.ts").scanSync(root), "docs/library.md"];
  return files.toSorted().flatMap((file) => {
    const text = readFileSync(`${root}${file}`, "utf8");
    const blocks = text.matchAll(/^( \* |)```ts\n(.*?)^\1```$/gms);
    return [...blocks].map(([, margin = "", block = ""], i) => ({
      where: `${file}, example ${i + 1},`,
      code: margin === "" ? block : block.replaceAll(/^ \* ?/gm, ""),
    }));
  });
}
