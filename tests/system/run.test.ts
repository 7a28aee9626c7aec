import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { describeAsRoot, Engine } from "./support.ts";

describeAsRoot("kontener run", () => {
  const engine = new Engine(11);
  const run = (flags: string[], script: string, stdin?: string) =>
    engine.run(
      ["run", "--network", "none", ...flags, "busybox", "sh", "-c", script],
      stdin === undefined ? {} : { stdin },
    );

  test("the command is PID 1 and sees no other process", async () => {
    const { stdout } = await run([], "echo $$; set -- /proc/[0-9]*; echo $#");
    expect(stdout).toBe("1\n1\n");
  });

  test("the host name is mini- and five letters, unless one is given", async () => {
    expect((await run([], "hostname")).stdout).toMatch(/^mini-[a-z]{5}\n$/);
    expect((await run(["--hostname", "box"], "hostname; cat /etc/hostname")).stdout).toBe(
      "box\nbox\n",
    );
  });

  test("the exit code is the command's, and 128 + n after signal n", async () => {
    expect((await run([], "exit 42")).exitCode).toBe(42);
    expect((await run(["--init"], "kill -TERM $$")).exitCode).toBe(143);
    expect((await run(["--pid", "host"], "kill -KILL $$")).exitCode).toBe(137);
  });

  test("flags end at the image's name", async () => {
    const { stdout } = await engine.run([
      "run",
      "--network",
      "none",
      "busybox",
      "echo",
      "--memory=9",
      "-it",
    ]);
    expect(stdout).toBe("--memory=9 -it\n");
  });

  test("standard output and error arrive apart and untouched", async () => {
    const { stdout, stderr } = await run([], "printf 'a\\0b'; printf c >&2");
    expect([stdout, stderr]).toEqual(["a\0b", "c"]);
  });

  test("-i connects standard input, without it there is none", async () => {
    expect((await run(["-i"], "cat", "typed")).stdout).toBe("typed");
    expect((await run([], "cat", "typed")).stdout).toBe("");
  });

  test("sh without a terminal reads commands from standard input", async () => {
    const { stdout } = await engine.run(["sh", "--network", "none", "busybox"], {
      stdin: "echo $((6 * 7))\n",
    });
    expect(stdout).toBe("42\n");
  });

  test("/dev has the standard devices and links, and no other", async () => {
    const { stdout } = await run(
      [],
      "cd /dev; ls; head -c 3 zero | od -An -c; echo x > null; ls -l shm | head -n 1",
    );
    expect(stdout.split("\n").slice(0, 14)).toEqual([
      "fd",
      "full",
      "mqueue",
      "null",
      "ptmx",
      "pts",
      "random",
      "shm",
      "stderr",
      "stdin",
      "stdout",
      "tty",
      "urandom",
      "zero",
    ]);
  });

  test("/sys is read-only, /proc/sys too", async () => {
    const { stdout } = await run(
      [],
      "for f in /sys/x /proc/sys/kernel/hostname; do echo x > $f || echo refused; done 2> /dev/null",
    );
    expect(stdout).toBe("refused\nrefused\n");
  });

  test("environment: PATH, HOME, HOSTNAME, then -e; nothing of the engine's", async () => {
    const { stdout } = await run(
      ["--hostname", "h", "-e", "A=1", "-e", "B=x y"],
      "env | grep -v -e ^SHLVL -e ^PWD | sort",
    );
    expect(stdout.trim().split("\n")).toEqual([
      "A=1",
      "B=x y",
      "HOME=/root",
      "HOSTNAME=h",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]);
  });

  test("-w makes the directory and starts there; -u sets user and group", async () => {
    const { stdout } = await run(
      ["-w", "/a/b", "-u", "1000:1001"],
      "pwd; id -u; id -g; grep Groups /proc/self/status",
    );
    expect(stdout).toBe("/a/b\n1000\n1001\nGroups:\t \n");
  });

  test("each namespace is new, unless it is shared", async () => {
    const types = ["pid", "uts", "ipc", "net", "mnt", "cgroup"];
    const list = `for n in ${types.join(" ")}; do readlink /proc/self/ns/$n; done`;
    const host = types.map((type) => readlinkSync(`/proc/self/ns/${type}`));
    const own = (await run([], list)).stdout.trim().split("\n");
    expect(own.filter((name) => host.includes(name))).toEqual([]);
    const flags = [
      "--pid",
      "host",
      "--uts",
      "host",
      "--ipc",
      "host",
      "--cgroupns",
      "host",
      "--network",
      "host",
    ];
    const shared = (await run(flags, list)).stdout.trim().split("\n");
    expect(shared.filter((name) => !host.includes(name))).toHaveLength(1); // mounts are always the container's own
  });

  test("-v shows a directory or file, read-only where asked; the host's mount is never shown more", async () => {
    const directory = `${engine.directory}/volume`;
    mkdirSync(directory);
    writeFileSync(`${directory}/file`, "from the host\n");
    const { stdout } = await run(
      ["-v", `${directory}:/deep/er/data`, "-v", `${directory}/file:/one:ro`],
      "cat /one; echo written > /deep/er/data/new; (echo x > /one) 2> /dev/null || echo refused",
    );
    expect(stdout).toBe("from the host\nrefused\n");
    expect(readdirSync(directory).sort()).toEqual(["file", "new"]);
  });

  test("--tmpfs and --read-only", async () => {
    const { stdout } = await run(
      ["--read-only", "--tmpfs", "/scratch:size=1m"],
      "(echo x > /etc/x) 2> /dev/null || echo refused; echo ok > /scratch/x && cat /scratch/x; df -k /scratch | tail -n 1 | awk '{ print $2 }'",
    );
    expect(stdout).toBe("refused\nok\n1024\n");
  });

  test("what a container writes is its own and gone with it; two run from one image at once", async () => {
    const script = "cat /mark 2> /dev/null; hostname > /mark; sleep 0.2; cat /mark";
    const [a, b] = await Promise.all([
      run(["--hostname", "a"], script),
      run(["--hostname", "b"], script),
    ]);
    expect([a.stdout, b.stdout]).toEqual(["a\n", "b\n"]);
    expect(readdirSync(`${engine.env["KONTENER_LIB"]}/containers`)).toEqual([]);
  });

  test("--keep keeps what was written", async () => {
    await run(["--keep", "--name", "kept"], "echo precious > /root/file");
    const [id = ""] = readdirSync(`${engine.env["KONTENER_LIB"]}/containers`);
    const file = Bun.file(`${engine.env["KONTENER_LIB"]}/containers/${id}/upper/root/file`);
    expect(await file.text()).toBe("precious\n");
  });

  test("--ulimit and --sysctl are in force", async () => {
    const { stdout } = await run(
      ["--ulimit", "nofile=123:456", "--sysctl", "kernel.msgmax=4242"],
      "ulimit -n; ulimit -H -n; cat /proc/sys/kernel/msgmax",
    );
    expect(stdout).toBe("123\n456\n4242\n");
  });

  test("--init reaps what others leave, and passes the exit code on", async () => {
    const script =
      "(sleep 0.01 & exec sleep 0.02) & sleep 0.3; grep -c ^State:.Z /proc/[0-9]*/status | grep -c ':[1-9]'; exit 9";
    const { stdout, exitCode } = await run(["--init"], script);
    expect([stdout, exitCode]).toEqual(["0\n", 9]);
  });

  test("/etc/hosts, --add-host and --dns", async () => {
    const flags = ["--hostname", "me", "--add-host", "db:10.1.2.3", "--dns", "192.0.2.53"];
    const { stdout } = await run(flags, "grep -w -e me -e db /etc/hosts; cat /etc/resolv.conf");
    expect(stdout).toContain("\tme\n");
    expect(stdout).toContain("10.1.2.3\tdb\n");
    expect(stdout).toContain("nameserver 192.0.2.53\n");
  });

  test("--network none has loopback, and it is up", async () => {
    const { stdout } = await run(
      [],
      "ls /sys/class/net; ping -c 1 -W 1 127.0.0.1 | grep -c '1 packets received'",
    );
    expect(stdout).toBe("lo\n1\n");
  });

  test("--rootfs uses a directory in place", async () => {
    const directory = `${engine.env["KONTENER_LIB"]}/images/busybox/rootfs`;
    const copy = `${engine.directory}/rootfs`;
    Bun.spawnSync(["cp", "-a", directory, copy]);
    const { stdout } = await engine.run([
      "run",
      "--network",
      "none",
      "--rootfs",
      copy,
      "sh",
      "-c",
      "echo here > /made; id -u",
    ]);
    expect(stdout).toBe("0\n");
    expect(await Bun.file(`${copy}/made`).text()).toBe("here\n");
  });
});
