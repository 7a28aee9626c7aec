import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { addImage, addLayer, type AddedLayer } from "../../src/store/add.ts";
import { adding } from "../../src/store/lock.ts";
import { tryLock, unlock } from "../../src/linux/file-lock.ts";
import { describeAsRoot, Engine } from "./support.ts";

describeAsRoot("volumes", () => {
  const engine = new Engine(52);
  const k = async (...args: string[]) => await engine.run(args);
  const inside = async (script: string, ...flags: string[]) =>
    await k("run", "--network", "none", ...flags, "busybox", "sh", "-c", script);
  const lib = engine.env["KONTENER_LIB"]!;
  const paths = { lib, run: engine.env["KONTENER_RUN"]! };

  test("a named volume is made at its first use, and keeps what containers write", async () => {
    await inside("echo kept > /data/file; chown 1000:50 /data/file", "-v", "one:/data");
    expect((await inside("cat /x/file; stat -c %u:%g /x/file", "-v", "one:/x:ro")).stdout).toBe(
      "kept\n1000:50\n",
    );
    expect((await inside("touch /x/no", "-v", "one:/x:ro")).stderr).toContain("Read-only");
    expect((await k("volume", "ls", "-q")).stdout).toBe("one\n");
    expect((await k("volume", "rm", "one")).stdout).toBe("one\n");
  });

  test("one that the container brought along goes with it, and only then", async () => {
    await inside("echo x > /data/file", "-v", "/data");
    expect((await k("volume", "ls", "-q")).stdout).toBe("");
    const { stdout } = await k(
      "run",
      "-d",
      "--name",
      "own",
      "--network",
      "none",
      "-v",
      "/data",
      "busybox",
      "sh",
      "-c",
      "echo life >> /data/lives; wc -l < /data/lives; sleep 100",
    );
    const id = stdout.trim();
    await k("restart", "-t", "0", "own");
    expect((await k("volume", "ls", "-q")).stdout).toBe(`${id}-data\n`);
    expect((await k("exec", "own", "cat", "/data/lives")).stdout).toBe("life\nlife\n");
    await k("rm", "-f", "own");
    expect((await k("volume", "ls", "-q")).stdout).toBe("");
  });

  /** Layers with what shows in an overlay only: a file over another, one that is gone, a link that leads out. */
  async function layered(): Promise<void> {
    const tree = `${engine.directory}/tree`;
    mkdirSync(tree);
    const sh = (script: string) => Bun.spawnSync(["sh", "-ec", script], { cwd: tree });
    sh(`mkdir -p a/data/sub b/data; echo lower > a/data/over; echo gone > a/data/gone; ln a/data/over a/data/hard
      chmod 1770 a/data; chown 5:6 a/data; cp /bin/true a/data/sub/suid; chmod 4755 a/data/sub/suid
      setfattr -n user.note -v text a/data/sub/suid; echo upper > b/data/over; touch b/data/.wh.gone; ln -s / a/outside
      touch -d 2001-02-03 a/data/sub; ln -s ../../../../../../etc a/data/dangling`);
    // The upper one does not say what data/ is: it stays as the lower one has it.
    const files = { a: ["."], b: ["data/over", "data/.wh.gone"] };
    const tar = (name: "a" | "b") =>
      Bun.spawn(["tar", "-C", `${tree}/${name}`, "--xattrs", "-c", ...files[name]], {
        stdout: "pipe",
      }).stdout;
    await adding(paths, async () => {
      const below: AddedLayer[] = [];
      for (const name of ["a", "b"] as const)
        below.push(await addLayer(tar(name), { paths, below: [...below] }));
      await addImage(
        {
          architecture: process.arch === "arm64" ? "arm64" : "amd64",
          os: "linux",
          config: { Volumes: { "/data": {} }, Cmd: ["/none"] },
        },
        below,
        ["docker.io/library/layered:latest"],
        paths,
      );
    });
  }

  const listing = (directory: string) =>
    Bun.spawnSync([
      "sh",
      "-c",
      `cd ${directory} && find . -printf '%P %y %m %U:%G %s %l %n\\n' | sort; cat over; getfattr -d -R . 2>/dev/null; stat -c %Y sub`,
    ]).stdout.toString();

  test("one that is empty gets what the image shows in its place: owners, modes, links, attributes", async () => {
    await layered();
    // Nothing in this image can run: the volume is there all the same.
    const { exitCode } = await k("run", "--network", "none", "-v", "first:/data", "layered");
    expect(exitCode).toBe(127);
    const data = `${lib}/volumes/first/_data`;
    const found = listing(data);
    expect(found).toContain("\nover f 644 0:0 6  1\n");
    expect(found).toContain(" d 1770 5:6 ");
    expect(found).toContain("upper\n");
    expect(found).toContain("hard f 644 0:0 6  1");
    expect(found).toContain('user.note="text"');
    expect(found).toContain("sub/suid f 4755");
    expect(found).toContain("dangling l 777 0:0 21 ../../../../../../etc 1");
    expect(found).not.toContain("gone");
    // It is copied once: what somebody has removed stays removed.
    Bun.spawnSync(["rm", `${data}/over`]);
    await k("run", "--network", "none", "-v", "first:/data", "layered");
    expect(existsSync(`${data}/over`)).toBe(false);
    await k("run", "--network", "none", "-v", "second:/data:nocopy", "layered");
    expect(readdirSync(`${lib}/volumes/second/_data`)).toEqual([]);
    expect((await k("volume", "prune", "-a")).stdout).toBe("first\nsecond\n");
  });

  test("a link in the image leads to nothing of the host's", async () => {
    const { stderr } = await k("run", "--network", "none", "-v", "led:/outside/etc", "layered");
    expect(stderr).not.toContain("a bug");
    expect(readdirSync(`${lib}/volumes/led/_data`)).toEqual([]);
    // For whoever follows it from the host's root it does lead out.
    const [layer] = readdirSync(`${lib}/store/l`).filter((name) =>
      existsSync(`${lib}/store/l/${name}/outside/etc/passwd`),
    );
    expect(layer).toBeString();
    await k("volume", "rm", "led");
  });

  test("a copy that was broken off begins again", async () => {
    await k("run", "--network", "none", "-v", "half:/data", "layered");
    const whole = listing(`${lib}/volumes/half/_data`);
    Bun.spawnSync(["rm", "-r", `${lib}/volumes/half/_data/sub`]);
    writeFileSync(`${lib}/volumes/half/_data/strange`, "");
    writeFileSync(`${lib}/volumes/half/filling`, "");
    await k("run", "--network", "none", "-v", "half:/data", "layered");
    expect(listing(`${lib}/volumes/half/_data`)).toBe(whole);
    await k("volume", "rm", "half");
  });

  test("an image that somebody who was killed has left mounted goes with the next start, and with the volume", async () => {
    const place = `${lib}/volumes/left/image`;
    const mounts = () => readFileSync("/proc/self/mountinfo", "utf8").includes(place);
    const leave = () => {
      mkdirSync(place, { recursive: true });
      expect(Bun.spawnSync(["mount", "-t", "tmpfs", "left", place]).exitCode).toBe(0);
    };
    await k("volume", "create", "left");
    leave();
    expect(mounts()).toBe(true);
    await k("run", "--network", "none", "-v", "left:/data", "layered");
    expect([mounts(), existsSync(place)]).toEqual([false, false]);
    leave();
    expect((await k("volume", "rm", "left")).exitCode).toBe(0);
    expect(mounts()).toBe(false);
    expect(existsSync(`${lib}/volumes/left`)).toBe(false);
  });

  test("one that is being filled holds up whoever wants it, and nobody else", async () => {
    await k("volume", "create", "busy");
    const lock = tryLock(`${lib}/volumes/busy/lock`)!;
    let done = false;
    const waits = inside("true", "-v", "busy:/etc").then(() => (done = true));
    expect((await inside("echo other", "-v", "idle:/etc")).stdout).toBe("other\n");
    await Bun.sleep(500);
    expect(done).toBe(false);
    unlock(lock);
    await waits;
    await k("volume", "rm", "busy", "idle");
  });

  test("containers that start at once find it whole, every one of them", async () => {
    const all = Array.from({ length: 8 }, () => inside("ls /etc | wc -l", "-v", "race:/etc:ro"));
    const counts = (await Promise.all(all)).map(({ stdout }) => stdout);
    expect(new Set(counts).size).toBe(1);
    expect(Number(counts[0])).toBeGreaterThan(3);
    await k("volume", "rm", "race");
  });

  test("one that a container has is not removed; prune leaves it, and what has a name", async () => {
    await k("volume", "create", "--label", "of=tests", "named");
    await k("create", "--name", "user", "--network", "none", "-v", "used:/data", "busybox", "true");
    await k("start", "user");
    const refused = await k("volume", "rm", "used");
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      "kontener: volume used belongs to container user\n  remove it first: kontener rm user\n",
    ]);
    expect((await k("volume", "prune")).stdout).toBe("");
    expect((await k("volume", "prune", "-a")).stdout).toBe("named\n");
    await k("rm", "user");
    expect((await k("volume", "rm", "used")).exitCode).toBe(0);
    expect((await k("volume", "rm", "used")).stderr).toContain('no volume "used"');
  });

  test("a container's own stays while another has it by its name, with its files", async () => {
    const idle = ["run", "-d", "--network", "none"];
    const { stdout } = await k(...idle, "--name", "owner", "-v", "/own", "busybox", "sleep", "60");
    const name = readdirSync(`${lib}/volumes`).find((one) => one.startsWith(stdout.trim()))!;
    await k("exec", "owner", "sh", "-c", "echo mine > /own/file");
    await k(...idle, "--name", "guest", "-v", `${name}:/theirs`, "busybox", "sleep", "60");
    expect((await k("rm", "-fv", "owner")).exitCode).toBe(0);
    expect((await k("exec", "guest", "cat", "/theirs/file")).stdout).toBe("mine\n");
    await k("rm", "-f", "guest");
    expect((await k("volume", "prune")).stdout).toBe(`${name}\n`);
  });

  test("a torn one is an error in words, and does not hide the others", async () => {
    await k("volume", "create", "torn");
    await k("volume", "create", "whole");
    writeFileSync(`${lib}/volumes/torn/volume.json`, "{");
    const ls = await k("volume", "ls", "-q");
    expect(ls.stdout).toBe("whole\n");
    expect(ls.stderr).toContain("torn/volume.json does not describe a volume");
    expect((await inside("true", "-v", "torn:/data")).exitCode).toBe(125);
    await k("volume", "rm", "torn", "whole");
    expect(readdirSync(`${lib}/volumes`).filter((name) => !name.startsWith("."))).toEqual([]);
  });
});
