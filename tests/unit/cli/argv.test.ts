import { describe, expect, test } from "bun:test";
import { parseRun, parseShell } from "../../../src/cli/argv.ts";

const here = { env: { HOME: "/root" }, cwd: "/home/me" };
const run = (...argv: string[]) => parseRun(argv, here);
const shell = (terminal: boolean, ...argv: string[]) => parseShell(argv, here, terminal);

describe("run", () => {
  test("stops reading flags at the image", () => {
    expect(run("alpine", "ls", "--memory=9", "-it").options).toEqual({
      image: "alpine",
      command: ["ls", "--memory=9", "-it"],
    });
    expect(run("--", "alpine", "--help").options).toEqual({ image: "alpine", command: ["--help"] });
    expect(run("alpine", "--", "ls").options.command).toEqual(["--", "ls"]);
  });

  test.each([
    [["-m100m"]],
    [["-m", "100m"]],
    [["-m=100m"]],
    [["--memory", "100m"]],
    [["--memory=100m"]],
  ])("%j is a limit of 100 MB", (flags) => {
    expect(run(...flags, "alpine").options).toEqual({ image: "alpine", memory: 104857600 });
  });

  test("takes switches together, with a value last, and switched off", () => {
    expect(run("-itm", "8m", "alpine").options).toMatchObject({
      interactive: true,
      tty: true,
      memory: 8 << 20,
    });
    expect(run("--init=false", "-t=false", "alpine").options).toMatchObject({
      init: false,
      tty: false,
    });
  });

  test("has no image with --rootfs: every word is the command's", () => {
    expect(run("--rootfs", "root", "ls", "/").options).toEqual({
      image: "",
      rootfs: "/home/me/root",
      command: ["ls", "/"],
    });
  });

  test("gathers what may be repeated; the later variable wins", () => {
    const line =
      "-e A=1 -eHOME -e A=2 -e NOPE --env-file vars -v ./src:/src:ro --tmpfs /t -l a=b=c --label=d " +
      "--dns 1.1.1.1 --add-host db:10.0.0.2 --sysctl net.core.somaxconn=9 --ulimit nofile=64 " +
      "--cap-add SYS_TIME --cap-drop=ALL alpine";
    const { options, envFiles } = run(...line.split(" "));
    expect(options).toEqual({
      image: "alpine",
      env: { A: "2", HOME: "/root" },
      mounts: [
        { type: "bind", source: "/home/me/src", target: "/src", readOnly: true, recursive: true },
        { type: "tmpfs", target: "/t", options: [] },
      ],
      labels: { a: "b=c", d: "" },
      dns: ["1.1.1.1"],
      addHosts: [{ host: "db", address: "10.0.0.2" }],
      sysctls: { "net.core.somaxconn": "9" },
      ulimits: [{ name: "nofile", soft: 64, hard: 64 }],
      capAdd: ["SYS_TIME"],
      capDrop: ["ALL"],
    });
    expect(envFiles).toEqual(["/home/me/vars"]);
  });

  test("spells --network as docker's old --net too", () => {
    expect(run("--net", "none", "alpine").options.network).toBe("none");
  });

  test("keeps -h for the host name", () => {
    expect(run("-h", "web", "alpine").options.hostname).toBe("web");
  });

  test("resets the image's entrypoint with an empty one", () => {
    expect(run("--entrypoint", "", "alpine", "ls").options.entrypoint).toEqual([]);
  });

  test("asks for help only before the image", () => {
    expect(run("--help").help).toBe(true);
    expect(run("alpine", "ls", "--help").help).toBe(false);
  });

  test("says how the start is to be watched", () => {
    expect(run("alpine").engine).toEqual({
      dryRun: false,
      explain: false,
      step: false,
      executor: "launcher",
      format: "text",
    });
    expect(run("--dry-run", "--explain", "--format=json", "alpine").engine).toMatchObject({
      dryRun: true,
      explain: "text",
      format: "json",
    });
    expect(run("--explain=json", "alpine").engine.explain).toBe("json");
    expect(run("--explain=false", "alpine").engine.explain).toBe(false);
  });

  test("steps with the reference executor", () => {
    expect(run("--step", "alpine").engine.executor).toBe("reference");
    expect(() => run("--step", "--executor", "launcher", "alpine")).toThrow("--step works with");
  });

  test("removes what it wrote unless told to keep it", () => {
    expect(run("--rm", "alpine").options.keep).toBe(false);
    expect(run("--rm=false", "alpine").options.keep).toBe(true);
    expect(() => run("--rm", "--keep", "alpine")).toThrow("--rm and --keep contradict each other");
  });

  test.each([
    [[], "there is no image to run"],
    [[""], "there is no image to run"],
    [["alpine", ""], "the command is empty"],
    [["--memory"], "--memory needs a value: --memory SIZE"],
    [["-m"], "-m needs a value: -m SIZE"],
    [["--memory", "1", "alpine"], "--memory 1 is too small"],
    [["--memory=", "alpine"], '--memory "" is not a size'],
    [["-ix", "alpine"], "there is no flag -x"],
    [["--toString", "alpine"], "there is no flag --toString"],
    [["--network", "a/b", "alpine"], '--network "a/b" is not a network\'s name'],
    [["--network", "none", "--network", "lan", "alpine"], "--network none and --network lan"],
    [["--network", "host", "-p", "80", "alpine"], "--publish means nothing with --network host"],
    [["-p", "80:90:100", "alpine"], '--publish "80:90:100": "80" is not an IP address'],
    [["-p", "70000", "alpine"], '--publish "70000": "70000" is not a port'],
    [["-p", "[::1]:80:80", "alpine"], '--publish "[::1]:80:80": ports are published on IPv4 only'],
    [["-p", "1-3:1-2", "alpine"], '--publish "1-3:1-2": 3 ports of the host cannot stand for 2'],
    [["--ip", "10.0.0.2", "alpine"], "--ip needs a network of your own"],
    [["alpine", "a\ufffdb"], 'the argument "a\ufffdb" is not UTF-8 text'],
  ])("%j is refused in one sentence", (argv, message) => {
    expect(() => run(...argv)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message), exitCode: 125 }),
    );
  });

  test.each([
    ["--memry=1g", "did you mean --memory?"],
    ["--readonly", "did you mean --read-only?"],
    ["--frobnicate", "--help lists the flags"],
  ])("%s gets a hint", (flag, hint) => {
    expect(() => run(flag, "alpine")).toThrow(expect.objectContaining({ hint }));
  });
});

describe("sh", () => {
  test("without an image is alpine's shell, or busybox's where alpine cannot be had", () => {
    const { options, engine } = shell(true);
    expect(options).toEqual({
      image: "alpine",
      command: ["/bin/sh"],
      entrypoint: [],
      interactive: true,
      tty: true,
    });
    expect(engine.fallbackImage).toBe("busybox");
  });

  test("with an image is that image's and no other", () => {
    const { options, engine } = shell(false, "-m", "64m", "debian");
    expect(options).toMatchObject({ image: "debian", tty: false, interactive: true });
    expect(engine.fallbackImage).toBeUndefined();
  });

  test("takes another shell by --entrypoint, and a root file system by --rootfs", () => {
    expect(shell(true, "--entrypoint", "bash", "debian").options).toMatchObject({
      entrypoint: ["bash"],
    });
    expect(shell(true, "--rootfs", "/r").options).toMatchObject({ image: "", rootfs: "/r" });
  });

  test("takes no command", () => {
    expect(() => shell(true, "alpine", "ls")).toThrow('sh takes no command: "ls" is too much');
  });
});
