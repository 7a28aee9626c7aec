import { expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { describeAsRoot, Engine, eventually } from "../support.ts";

const analyze = Bun.which("systemd-analyze");
if (analyze === null)
  console.error("units are not verified: apt-get install systemd, for systemd-analyze");

describeAsRoot("generate systemd", () => {
  const engine = new Engine(175);
  const k = async (...args: string[]) => await engine.run(args);

  test.skipIf(analyze === null)(
    "prints a unit that systemd-analyze has nothing against, and finds mistakes in when there are some",
    async () => {
      await k(
        "create",
        "--name",
        "web",
        "--network",
        "none",
        "--stop-timeout",
        "5",
        "busybox",
        "sleep",
        "99",
      );
      const { stdout } = await k("generate", "systemd", "web");
      const file = `${engine.directory}/kontener-web.service`;
      const verify = (text: string) => {
        writeFileSync(file, text);
        chmodSync(file, 0o644);
        const { stderr, exitCode } = Bun.spawnSync([analyze!, "verify", "--man=no", file]);
        const about = stderr
          .toString()
          .split("\n")
          .filter((line) => line.includes("kontener"));
        return { about, exitCode };
      };
      expect(verify(stdout)).toEqual({ about: [], exitCode: 0 });
      expect(verify(stdout.replace("KillMode=process", "KillMode=gently")).about).not.toEqual([]);
      await k("rm", "web");
    },
  );

  test("what the unit says to start and to stop starts and stops the container, with its state directories", async () => {
    await k("create", "--name", "unit", "--network", "none", "busybox", "sleep", "99");
    const { stdout } = await k("generate", "systemd", "unit");
    const env = Object.fromEntries(
      [...stdout.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
    );
    expect(env).toMatchObject({ KONTENER_RUN: engine.env["KONTENER_RUN"]! });
    const perform = (key: string) => {
      const command = new RegExp(`^${key}=(.*)$`, "m").exec(stdout)![1]!.split(" ");
      return Bun.spawnSync(command, { env, cwd: "/" }).exitCode;
    };
    const status = async () =>
      (await k("inspect", "-f", "{{.State.Status}}", "unit")).stdout.trim();
    expect(perform("ExecStart")).toBe(0);
    expect(await status()).toBe("running");
    expect(perform("ExecStop")).toBe(0);
    await eventually(async () => (await status()) === "exited");
    await k("rm", "unit");
  }, 40_000);

  test("is refused for what does not survive a reboot", async () => {
    await k("run", "-d", "--rm", "--name", "brief", "--network", "none", "busybox", "sleep", "99");
    expect((await k("generate", "systemd", "brief")).stderr).toContain("does not survive a reboot");
    expect((await k("generate", "sysv", "brief")).stderr).toContain("systemd");
    await k("rm", "-f", "brief");
  });
});
