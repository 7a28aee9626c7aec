import { beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync, chownSync } from "node:fs";
import { describeAsRoot, Engine, eventually, expectAsBefore, hostPicture } from "./support.ts";

/** The first user of the ranges that `--userns auto` gives out. */
const FIRST = 0x7000_0000;

describeAsRoot("a container with a user namespace", () => {
  const engine = new Engine(81);
  const ranges = `${engine.env["KONTENER_RUN"]}/id-ranges`;
  const k = (...args: string[]) => engine.run(args);
  const run = (flags: string[], ...script: string[]) =>
    k("run", "--network", "none", "--userns", "auto", ...flags, "busybox", "sh", "-c", ...script);
  beforeAll(async () => {
    await k("prepare", "busybox");
  });

  test("has a root that is nobody on the host", async () => {
    const id = (await k("run", "-d", "--userns", "auto", "busybox", "sleep", "60")).stdout.trim();
    const [{ State }] = JSON.parse((await k("inspect", id)).stdout);
    expect(statSync(`/proc/${State.Pid}`).uid).toBe(FIRST);
    expect((await k("exec", id, "id", "-u")).stdout).toBe("0\n");
    await k("rm", "-f", id);
    expect(readdirSync(ranges)).toEqual([]);
  });

  test("sees the image's files as its own, and can change them; on the host they keep their numbers", async () => {
    const script =
      "stat -c %u:%g /bin/busybox && touch /new && chown 7:8 /new && rm /etc/group && echo x >> /etc/passwd && stat -c %u /etc/passwd";
    const id = (await run(["-d"], `${script} && sleep 60`)).stdout.trim();
    await eventually(async () => (await k("logs", id)).stdout.split("\n").length > 2);
    expect((await k("logs", id)).stdout).toBe("0:0\n0\n");
    const upper = `${engine.env["KONTENER_LIB"]}/containers/${id}/upper`;
    expect(statSync(upper)).toMatchObject({ uid: 0, gid: 0 });
    expect(statSync(`${upper}/new`)).toMatchObject({ uid: 7, gid: 8 });
    expect(statSync(`${upper}/etc/passwd`)).toMatchObject({ uid: 0 });
    expect((await k("diff", id)).stdout).toBe("C /etc\nD /etc/group\nC /etc/passwd\nA /new\n");
    await k("rm", "-f", id);
  });

  test("finds its files again after a stop, whatever its range is then", async () => {
    await k("run", "-d", "--name", "again", "--userns", "auto", "busybox", "sleep", "60");
    await k("exec", "again", "sh", "-c", "echo kept > /kept; chown 5:6 /kept");
    await k("stop", "-t", "0", "again");
    const other = (await k("run", "-d", "--userns", "auto", "busybox", "sleep", "60")).stdout;
    expect((await k("start", "again")).exitCode).toBe(0);
    const { stdout } = await k(
      "exec",
      "again",
      "sh",
      "-c",
      "stat -c %u:%g /kept; cat /kept /proc/self/uid_map",
    );
    expect(stdout.trim().split(/\s+/)).toEqual([
      "5:6",
      "kept",
      "0",
      String(FIRST + 65_536),
      "65536",
    ]);
    await k("rm", "-f", "again", other.trim());
    expect(readdirSync(ranges)).toEqual([]);
  });

  test("has volumes whose files are the container's users', and the host's under the same numbers", async () => {
    const volume = `${engine.directory}/volume`;
    mkdirSync(volume);
    writeFileSync(`${volume}/old`, "");
    chownSync(`${volume}/old`, 1000, 1000);
    const { stdout } = await run(["-v", `${volume}:/v`], "stat -c %u:%g /v /v/old; touch /v/new");
    expect(stdout).toBe("0:0\n1000:1000\n");
    expect(statSync(`${volume}/new`)).toMatchObject({ uid: 0, gid: 0 });
  });

  test("has a terminal, devices, message queues and names of its own", async () => {
    const { stdout, stderr } = await run(
      [
        "--hostname",
        "owned",
        "--init",
        "--tmpfs",
        "/t",
        "--read-only",
        "--sysctl",
        "net.ipv4.ip_forward=1",
      ],
      "hostname; echo x > /dev/null; head -c 3 /dev/zero | wc -c; touch /t/x /dev/mqueue/q; stat -c %u /t/x; cat /proc/sys/net/ipv4/ip_forward; touch /no",
    );
    expect(stdout).toBe("owned\n3\n0\n1\n");
    expect(stderr).toContain("Read-only file system");
    await k("run", "-d", "--name", "typed", "--userns", "auto", "busybox", "sleep", "60");
    const command = engine.command(["exec", "-it", "typed", "stat", "-c", "%u:%g", "/dev/pts/0"]);
    const typed = Bun.spawnSync(["script", "-qec", command.join(" "), "/dev/null"], {
      env: engine.env,
    });
    expect(typed.stdout.toString()).toMatch(/^0:5\b/);
    await k("rm", "-f", "typed");
  });

  test("can open its own output by name, as another user can", async () => {
    for (const flags of [
      ["--userns", "auto"],
      ["--user", "1000"],
    ]) {
      const script = "echo out > /dev/stdout; echo err > /dev/stderr";
      const args = ["run", "-d", "--network", "none", ...flags, "busybox", "sh", "-c", script];
      const id = (await k(...args)).stdout.trim();
      await k("wait", id);
      expect(await k("logs", id)).toMatchObject({ stdout: "out\n", stderr: "err\n" });
      await k("rm", id);
    }
  });

  test("has a network, whose settings are its root's", async () => {
    const flags = ["run", "--userns", "auto", "--cap-add", "NET_ADMIN", "busybox", "sh", "-c"];
    const { stdout } = await k(
      ...flags,
      "ip link set eth0 mtu 1400 && cat /sys/class/net/eth0/mtu",
    );
    expect(stdout).toBe("1400\n");
  });

  test("shares its range with no other container", async () => {
    const before = hostPicture(engine);
    const two = await Promise.all([0, 1].map(() => run(["-d"], "sleep 60")));
    const ids = two.map(({ stdout }) => stdout.trim());
    const maps = await Promise.all(ids.map((id) => k("exec", id, "cat", "/proc/self/uid_map")));
    const starts = maps.map(({ stdout }) => Number(stdout.trim().split(/\s+/)[1]));
    expect(starts.toSorted()).toEqual([FIRST, FIRST + 65_536]);
    await k("rm", "-f", ...ids);
    await expectAsBefore(engine, before);
  });

  test("gives its range back when its engine is killed", async () => {
    const before = hostPicture(engine);
    const child = Bun.spawn(engine.command(["run", "--userns", "auto", "busybox", "sleep", "60"]), {
      env: engine.env,
      stdio: ["ignore", "ignore", "ignore"],
    });
    await eventually(() => existsSync(ranges) && readdirSync(ranges).length === 1);
    child.kill("SIGKILL");
    await child.exited;
    await k("gc");
    await k("container", "gc");
    await expectAsBefore(engine, before);
  });

  test("takes the range that it is given, and no user beyond it", async () => {
    const flags = ["run", "--network", "none", "--userns", "300000:2000"];
    expect((await k(...flags, "busybox", "cat", "/proc/self/gid_map")).stdout.trim()).toMatch(
      /^0 +300000 +2000$/,
    );
    const { stderr, exitCode } = await k(...flags, "--user", "2000", "busybox", "true");
    expect(exitCode).toBe(125);
    expect(stderr).toContain("--user 2000:0 is beyond the container's last user, 1999");
  });

  test("needs a file system that takes a mapping, says so, and leaves nothing", async () => {
    const before = hostPicture(engine);
    const place = `${engine.directory}/overlay`;
    for (const name of ["", "/l", "/u", "/w", "/m"]) mkdirSync(place + name);
    const options = `lowerdir=${place}/l,upperdir=${place}/u,workdir=${place}/w`;
    Bun.spawnSync(["mount", "-t", "overlay", "-o", options, "overlay", `${place}/m`]);
    try {
      const { stderr, exitCode } = await run(["-v", `${place}/m:/v`], "true");
      expect(exitCode).toBe(125);
      expect(stderr).toContain("MOUNT_ATTR_IDMAP");
      expect(stderr).toContain("--userns host does without");
    } finally {
      Bun.spawnSync(["umount", `${place}/m`]);
    }
    await expectAsBefore(engine, before);
  });

  test.each([
    ["0:65536", "begins with the host's root"],
    ["100000:10", "has fewer than 1000 users"],
    ["4294950000:65536", "goes beyond the last user"],
    ["100000", "is not a range of users"],
    ["atuo", "did you mean --userns auto?"],
  ])("--userns %s is refused in words", async (range, words) => {
    const { stderr, exitCode } = await k("run", "--userns", range, "busybox", "true");
    expect({
      exitCode,
      words: stderr.includes(words),
      lines: stderr.trim().split("\n").length < 4,
    }).toEqual({
      exitCode: 125,
      words: true,
      lines: true,
    });
  });

  test.each(["pid", "ipc", "cgroupns"])("--%s host is refused with it", async (name) => {
    const { stderr, exitCode } = await k(
      "run",
      "--userns",
      "auto",
      `--${name}`,
      "host",
      "busybox",
      "true",
    );
    expect(exitCode).toBe(125);
    expect(stderr).toContain(`--${name} host cannot be together with a user namespace`);
  });
});
