import { expect, test } from "bun:test";
import { Glob } from "bun";
import { existsSync, readFileSync } from "node:fs";
import { judge, submissions, type Language } from "../../../examples/sandbox.ts";
import { matrix } from "../../../examples/build-matrix.ts";
import { serve } from "../../../examples/snippets-server.ts";
import { createTemplate, startDatabase } from "../../../examples/test-fixture.ts";
import { describeAsRoot, root } from "../support.ts";
import { useEngine } from "./library.ts";

describeAsRoot("examples", () => {
  const engine = useEngine(48);

  const there: Record<Language, boolean> = {
    python: existsSync("/usr/bin/python3"),
    javascript: true,
    shell: true,
  };
  for (const [language, code, verdict] of submissions) {
    const missing = there[language] ? "" : " (not tested: this host has no /usr/bin/python3)";
    test.skipIf(!there[language])(
      `sandbox: ${language} ${code} is ${verdict}${missing}`,
      async () => {
        const task = { input: "2 3\n", expected: "5" };
        expect((await judge(language, code, task)).verdict).toBe(verdict);
      },
    );
  }

  test("sandbox: a cheat is seen, and nothing of it stays", async () => {
    const cheat = "echo 5 > /tmp/answer; setsid sh -c 'sleep 60; reboot' & echo 6";
    expect(await judge("shell", cheat, { input: "", expected: "5" })).toMatchObject({
      verdict: "wrong answer",
      stdout: "6\n",
    });
    expect((await engine.run(["ps", "-a", "-q"])).stdout).toBe("");
  });

  const postgres = existsSync("/usr/lib/postgresql");
  const why = postgres ? "" : " (not tested: this host has no PostgreSQL: apt install postgresql)";
  test.skipIf(!postgres)(
    `test-fixture: each test has a database of its own, which is gone afterwards${why}`,
    async () => {
      const addresses: string[] = [];
      {
        await using template = await createTemplate();
        const one = async (name: string) => {
          await using db = await startDatabase(template);
          addresses.push(db.box.address!);
          await db.sql`create table t (name text)`;
          await db.sql`insert into t values (${name})`;
          return await db.sql`select name from t`.values();
        };
        const rows = await Promise.all(["a", "b", "c"].map(one));
        expect(rows.map((all) => [...all])).toEqual([[["a"]], [["b"]], [["c"]]]);
      }
      const gone = new Bun.SQL(`postgres://test@${addresses[0]}:5432/postgres`, {
        connectionTimeout: 1,
      });
      await expect(gone`select 1`.then(String)).rejects.toThrow();
      await gone.close();
      expect((await engine.run(["ps", "-a", "-q"])).stdout).toBe("");
    },
    60_000,
  );

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
    const blocks = text.matchAll(/^( +\* |)```ts\n(.*?)^\1```$/gms);
    return [...blocks].map(([, margin = "", block = ""], i) => ({
      where: `${file}, example ${i + 1},`,
      code: margin === "" ? block : block.replaceAll(/^ +\* ?/gm, ""),
    }));
  });
}
