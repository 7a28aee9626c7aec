import { expect, test } from "bun:test";
import { describeAsRoot, Engine, eventually } from "../support.ts";

describeAsRoot("events", () => {
  const engine = new Engine(176);
  const k = async (...args: string[]) => await engine.run(args);
  const actions = async (...flags: string[]) => {
    const { stdout } = await k(
      "events",
      "--since",
      "1h",
      "--until",
      "0s",
      "--format",
      "{{.Action}}",
      ...flags,
    );
    return stdout.split("\n").filter(Boolean);
  };

  test("every step of a container's life is told, in order, with the exit code and the time of its end", async () => {
    await k(
      "run",
      "-d",
      "--name",
      "life",
      "-l",
      "tier=a",
      "--network",
      "none",
      "busybox",
      "sleep",
      "99",
    );
    await k("pause", "life");
    await k("unpause", "life");
    await k("exec", "life", "sh", "-c", "exit 3");
    await k("rename", "life", "lived");
    await k("kill", "lived");
    await k("wait", "lived");
    await k("restart", "lived");
    await k("stop", "-t", "0", "lived");
    await k("rm", "lived");
    const id = ["--filter", "label=tier=a"];
    expect(await actions(...id)).toEqual(
      "create start pause unpause exec_start exec_die rename kill die stop start restart die stop destroy".split(
        " ",
      ),
    );
    expect(await actions(...id, "--filter", "event=die")).toEqual(["die", "die"]);
    const { stdout } = await k(
      "events",
      "--since",
      "1h",
      "--until",
      "0s",
      "--format",
      "json",
      ...id,
    );
    const events = stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    expect(events[5].Actor.Attributes).toMatchObject({
      exitCode: "3",
      execCommand: "sh -c exit 3",
    });
    expect(events[8].Actor.Attributes).toMatchObject({ exitCode: "137", name: "lived", tier: "a" });
    await k("run", "--name", "front", "--network", "none", "busybox", "false");
    expect(await actions("--filter", "container=front")).toEqual([
      "create",
      "start",
      "die",
      "destroy",
    ]);
  });

  test("who follows hears of an end that nobody else has noticed, soon after it", async () => {
    const child = Bun.spawn(
      engine.command([
        "events",
        "--filter",
        "container=brief",
        "--format",
        "{{.Action}} {{.timeNano}}",
      ]),
      {
        env: engine.env,
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let seen = "";
    void (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of child.stdout) seen += decoder.decode(chunk);
    })();
    await Bun.sleep(500);
    await k("run", "-d", "--name", "brief", "--network", "none", "busybox", "sleep", "0.3");
    await eventually(() => seen.includes("die"));
    expect(seen.replace(/ \d+/g, "")).toBe("create\nstart\ndie\n");
    const [, start = 0, die = 0] = [...seen.matchAll(/ (\d+)/g)].map(
      ([, time]) => Number(time) / 1e6,
    );
    expect(die - start).toBeWithin(200, 2000);
    child.kill();
    await child.exited;
    await k("rm", "brief");
  });
});
