import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { Person } from "../pseudo-terminal.ts";
import { describeAsRoot, Engine } from "../support.ts";

const shells = ["bash", "zsh", "fish"] as const;
const missing = shells.filter((shell) => Bun.which(shell) === null);
if (missing.length > 0)
  console.error(`completion is not tested in ${missing.join(", ")}: apt-get install them`);

describeAsRoot("completion", () => {
  const engine = new Engine(174);
  const bin = `${engine.directory}/bin`;
  const env = { ...engine.env, PATH: `${bin}:${engine.env["PATH"]}`, TERM: "xterm", HOME: bin };
  const setUp = async () => {
    if (existsSync(bin)) return;
    mkdirSync(bin);
    const command = engine.command([]).map((word) => `'${word}'`);
    writeFileSync(`${bin}/kontener`, `#!/bin/sh\nexec ${command.join(" ")} "$@"\n`);
    chmodSync(`${bin}/kontener`, 0o755);
    for (const shell of shells)
      writeFileSync(`${bin}/${shell}`, (await engine.run(["completion", shell])).stdout);
    // Not to be found as programs.
    for (const shell of shells) Bun.spawnSync(["mv", `${bin}/${shell}`, `${bin}/script.${shell}`]);
    await engine.run(["create", "--name", "webserver", "busybox"]);
    await engine.run(["create", "--name", "website", "busybox"]);
  };
  afterAll(() => engine.run(["rm", "-a"]));

  /** What the shell would put in the place of the last word, each as the shell says it. */
  const offers = {
    async bash(line: string): Promise<string[]> {
      await setUp();
      const script = `source ${bin}/script.bash; COMP_LINE=$1; COMP_POINT=\${#1}; _kontener; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout } = Bun.spawnSync(["bash", "--norc", "-c", script, "bash", line], { env });
      return stdout.toString().split("\n").filter(Boolean);
    },
    async fish(line: string): Promise<string[]> {
      await setUp();
      const script = `source ${bin}/script.fish; complete -C $argv[1]`;
      const { stdout } = Bun.spawnSync(["fish", "--no-config", "-c", script, line], { env });
      return stdout
        .toString()
        .split("\n")
        .filter(Boolean)
        .map((each) => each.split("\t")[0]!);
    },
  };

  for (const shell of ["bash", "fish"] as const)
    describe.skipIf(missing.includes(shell))(shell, () => {
      test("offers verbs, flags, the values of flags, and names", async () => {
        const of = offers[shell];
        expect((await of("kontener resta")).map((word) => word.trim())).toEqual(["restart"]);
        expect(await of("kontener rm web")).toEqual(["webserver", "website"]);
        expect(await of("kontener container rm -f webse")).toEqual(["webserver"]);
        expect(await of("kontener run --memory-s")).toEqual(["--memory-swap"]);
        expect(await of("kontener run --pid p")).toEqual(["private"]);
        expect(await of("kontener run -it busyb")).toEqual(["busybox"]);
        expect(await of("kontener network conn")).toEqual(["connect"]);
        expect(await of("kontener run --env-file /etc/host.con")).toEqual(["/etc/host.conf"]);
        expect(await of("kontener nosuch x")).toEqual([]);
      });
    });

  test("bash: a value behind an equal sign, which ends a word there", async () => {
    expect(await offers.bash("kontener run --pid=ho")).toEqual(["host"]);
  });

  test.skipIf(missing.includes("zsh"))("zsh: Tab completes verbs, names and flags", async () => {
    await setUp();
    await using person = new Person(["zsh", "-f"], { ...env, PS1: "% " });
    person.type("autoload -U compinit; compinit -u -D; source $HOME/script.zsh; echo re''ady\n");
    await person.sees(/ready/);
    person.type("kontener restar\t webse\t; echo do''ne\x01echo \x05\n");
    await person.sees(/restart webserver[\s\S]*done/);
    person.type("echo kontener; kontener run --memory-\t\x01: \x05\n");
    await person.sees(/--memory-swap/);
  });
});
