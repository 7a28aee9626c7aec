import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { describeAsRoot, Engine, expectAsBefore, hostPicture } from "./support.ts";

describeAsRoot("a failed start", () => {
  const engine = new Engine(13);

  /** What is said, less the hint; the host must be as before. */
  async function failure(...args: string[]) {
    await engine.run(["prepare", "busybox"]);
    const before = hostPicture(engine);
    const { stderr, stdout, exitCode } = await engine.run(args);
    await expectAsBefore(engine, before);
    expect(stdout).toBe("");
    expect(stderr).not.toMatch(/^\s+at /m); // no stack trace
    return { stderr, exitCode };
  }
  const none = ["run", "--network", "none"];

  test("a command that is not there: 127, with the closest names", async () => {
    const { stderr, exitCode } = await failure(...none, "busybox", "lss");
    expect(exitCode).toBe(127);
    expect(stderr).toContain('command not found in the image: "lss"');
    expect(stderr).toMatch(/did you mean .*\bls\b/);
  });

  test("a file that may not be executed: 126", async () => {
    const { stderr, exitCode } = await failure(...none, "busybox", "/etc/passwd");
    expect(exitCode).toBe(126);
    expect(stderr).toContain('execve("/etc/passwd"');
    expect(stderr).toContain("EACCES");
  });

  test("a script whose interpreter is missing says which", async () => {
    const script = `${engine.directory}/script`;
    writeFileSync(script, "#!/no/such/interpreter\n", { mode: 0o755 });
    const { stderr, exitCode } = await failure(
      ...none,
      "-v",
      `${script}:/script`,
      "busybox",
      "/script",
    );
    expect(exitCode).toBe(127);
    expect(stderr).toContain("/script");
  });

  test("an image that is not there: what there is, and how to get it", async () => {
    const { stderr, exitCode } = await failure(...none, "--pull", "never", "alpine", "true");
    expect(exitCode).toBe(125);
    expect(stderr).toContain("busybox");
    expect(stderr).toContain("prepare alpine");
  });

  test("a volume's source that is not there", async () => {
    const { stderr, exitCode } = await failure(...none, "-v", "/no/such:/data", "busybox", "true");
    expect(exitCode).toBe(125);
    expect(stderr).toContain("/no/such");
    expect(stderr).toContain("mkdir -p");
  });

  test("a name that is taken", async () => {
    const first = Bun.spawn(
      engine.command([...none, "--init", "--name", "twin", "busybox", "sleep", "50"]),
      {
        cwd: import.meta.dir,
        env: engine.env,
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    await Bun.sleep(600);
    const { stderr, exitCode } = await engine.run([...none, "--name", "twin", "busybox", "true"]);
    first.kill("SIGTERM");
    await first.exited;
    expect(exitCode).toBe(125);
    expect(stderr).toContain("the name “twin” is taken");
  });

  test("a directory that is mounted on a file names the call and the target", async () => {
    const { stderr, exitCode } = await failure(
      ...none,
      "-v",
      `${engine.directory}:/etc/passwd`,
      "busybox",
      "true",
    );
    expect(exitCode).toBe(125);
    expect(stderr).toMatch(/move_mount\(.*"\/etc\/passwd".*\): EINVAL/);
  });

  for (const [args, words] of [
    [["run"], "image"],
    [["run", "--nope", "busybox"], "--nope"],
    [["run", "--memroy", "9m", "busybox"], "--memory"],
    [["runn", "busybox"], "run"],
    [["run", "--name", "no/good", "busybox"], "no/good"],
    [["run", "--network", "nope", "busybox"], "nope"],
    [["run", "--network", "none", "-u", "nobody-of-that-name", "busybox"], "nobody-of-that-name"],
    [["run", "-e", "=x", "busybox"], "-e"],
    [["run", "--network", "none", "busybox", ""], "empty"],
    [["run", "-v", "relative", "busybox"], "relative"],
  ] as const) {
    test(`kontener ${args.join(" ")} is refused in one sentence about ${words}`, async () => {
      const { stderr, exitCode } = await failure(...args);
      expect(exitCode).toBe(125);
      expect(stderr.toLowerCase()).toContain(words.toLowerCase().replace(/^-e$/, "env"));
    });
  }
});
