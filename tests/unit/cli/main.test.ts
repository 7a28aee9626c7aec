import { describe, expect, test } from "bun:test";

const main = new URL("../../../src/cli/main.ts", import.meta.url).pathname;

/** The command line as a user has it, without a terminal. */
function kontener(...args: string[]) {
  const { CI: _, NO_COLOR: __, ...env } = process.env; // citty colours where neither is set
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, main, ...args], {
    env,
    stdin: "ignore",
  });
  return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode };
}

test("a command that is not there gets one sentence, the nearest one and docker's exit code", () => {
  expect(kontener("runn", "alpine")).toEqual({
    stdout: "",
    stderr: 'kontener: there is no command "runn"\n  did you mean run?\n',
    exitCode: 125,
  });
});

test("a flag that is not there is refused by every command", () => {
  for (const verb of ["run", "sh", "doctor", "version"]) {
    const { stderr, exitCode } = kontener(verb, "--frobnicate");
    expect(stderr).toMatch(/no flag --frobnicate\n/);
    expect(exitCode).toBe(125);
  }
  expect(kontener("doctor", "--fromat", "json").stderr).toContain("did you mean --format?");
});

test("a word too much, a missing and a wrong value are refused", () => {
  expect(kontener("version", "now").stderr).toContain('version does not take "now"');
  expect(kontener("version", "--format").stderr).toContain("--format needs a value");
  expect(kontener("version", "--format", "xml").stderr).toContain('--format "xml" is not one of');
});

test("an env file that is not there, or not text, is refused", () => {
  const { stderr, exitCode } = kontener("run", "--env-file", "/no/such", "busybox");
  expect([stderr, exitCode]).toEqual([
    "kontener: --env-file /no/such cannot be read: ENOENT\n",
    125,
  ]);
  expect(kontener("run", "--env-file", process.execPath, "busybox").stderr).toContain(
    "is not UTF-8 text",
  );
});

test("-t without a terminal is refused", () => {
  const { stderr, exitCode } = kontener("run", "-it", "busybox");
  expect(stderr).toContain("-t needs a terminal, and standard input is none");
  expect(exitCode).toBe(125);
});

test("bytes that are not UTF-8 are refused in words", () => {
  const script = `exec "$0" "$1" run busybox echo "$(printf 'a\\377')"`;
  const { stderr, exitCode } = Bun.spawnSync(["sh", "-c", script, process.execPath, main]);
  expect(stderr.toString()).toContain("is not UTF-8 text");
  expect(exitCode).toBe(125);
});

describe("help", () => {
  test("lists the commands, without colour into a pipe", () => {
    const { stdout, exitCode } = kontener("--help");
    expect(stdout).toContain("Run a command in a new container");
    expect(stdout).not.toContain("\x1b");
    expect(exitCode).toBe(0);
    expect(kontener("help").stdout).toBe(stdout);
    expect(kontener().stdout).toBe(stdout);
  });

  test("of run shows every flag of the table, the same by both spellings", async () => {
    const { stdout } = kontener("run", "--help");
    const { runFlags } = await import("../../../src/cli/flags.ts");
    for (const { name } of runFlags) expect(stdout).toContain(`--${name}`);
    expect(stdout).not.toContain("\x1b");
    expect(kontener("help", "run").stdout).toBe(stdout);
  });

  test("of another command shows its flags", () => {
    expect(kontener("doctor", "--help").stdout).toContain("--format");
    expect(kontener("help", "doctor").exitCode).toBe(0);
    expect(kontener("help", "docter").stderr).toContain("did you mean doctor?");
  });
});

test("version is package.json's", async () => {
  const { version } = await import("../../../package.json");
  expect(kontener("--version").stdout).toStartWith(`kontener ${version} `);
  expect(JSON.parse(kontener("version", "--format", "json").stdout)).toMatchObject({
    kontener: version,
  });
});
