import { afterAll, expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { describeAsRoot, Engine, expectAsBefore, hostPicture } from "./support.ts";

/** The test that the project began with: raise everything, look at it from inside, take everything away. */
describeAsRoot("the whole engine", () => {
  const engine = new Engine(16);
  const [near, far] = ["198.18.77.1", "198.18.77.2"]; // RFC 2544: for tests like this one
  const world = `ktworld${process.pid}`;
  const ip = (...words: string[]) => {
    const { success, stderr } = Bun.spawnSync(["ip", ...words], { stderr: "pipe" });
    if (!success) throw new Error(`ip ${words.join(" ")}: ${stderr.toString()}`);
  };
  let server: Bun.Subprocess<"ignore", "pipe", "inherit"> | undefined;
  afterAll(async () => {
    server?.kill("SIGKILL");
    await server?.exited;
    Bun.spawnSync(["ip", "netns", "del", world], { stderr: "ignore" });
  });

  test("provision, network, a command inside, NAT to a world outside; afterwards the host is as before", async () => {
    const before = hostPicture(engine);
    ip("netns", "add", world);
    ip("link", "add", "ktworld0", "type", "veth", "peer", "name", "eth0", "netns", world);
    ip("addr", "add", `${near}/24`, "dev", "ktworld0");
    ip("link", "set", "ktworld0", "up");
    ip("-n", world, "addr", "add", `${far}/24`, "dev", "eth0");
    ip("-n", world, "link", "set", "eth0", "up");
    server = Bun.spawn(
      [
        "ip",
        "netns",
        "exec",
        world,
        process.execPath,
        `${import.meta.dir}/outside.ts`,
        far,
        "7000",
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const lines = server.stdout.getReader();
    await lines.read(); // ready

    expect((await engine.run(["prepare", "busybox"])).exitCode).toBe(0);
    const script = [
      "hostname",
      "echo pid $$",
      "readlink -f /proc/self/ns/net >/dev/null; ls -l /proc/self/ns/net | sed 's/.*net/net/'",
      "ip -4 addr show eth0 | grep -o 'inet [0-9.]*'",
      "ip route | grep -o 'default via [0-9.]*'",
      `ping -c 1 -W 2 ${far} | grep -o '1 packets received'`,
      `nc -w 2 ${far} 7000 < /dev/null`,
      `echo hello | nc -u -w 1 ${far} 7000`,
    ].join("; ");
    const { stdout, stderr } = await engine.run([
      "run",
      "--memory",
      "64m",
      "busybox",
      "sh",
      "-c",
      script,
    ]);
    expect(stderr).toBe("");
    const said = stdout.trim().split("\n");
    expect(said[0]).toMatch(/^mini-[a-z]{5}$/);
    expect(said[1]).toBe("pid 1");
    expect(said[2]).not.toContain(readlinkSync("/proc/self/ns/net"));
    expect(said.slice(3)).toEqual([
      "inet 10.213.16.2",
      "default via 10.213.16.1",
      "1 packets received",
      `tcp from ${near}`, // the host's address, not the container's
      `udp from ${near}`,
    ]);

    expect((await engine.run(["network", "status"])).stdout).toContain(engine.bridge);
    expect((await engine.run(["network", "down"])).exitCode).toBe(0);
    server.kill("SIGKILL");
    await server.exited;
    ip("netns", "del", world);
    await expectAsBefore(engine, before);
  });
});
