import { expect, test } from "bun:test";
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { launcherPath } from "../../../src/launch/launcher.ts";
import { call } from "../../../src/linux/libc.ts";
import { FIRST_STORED_FD, type Step } from "../../../src/plan/step.ts";
import { describeAsRoot } from "../support.ts";
import { loadersOf } from "./loader.ts";
import { WeakWorld, without, withSteps } from "./weak-world.ts";

const unshare = "/usr/bin/unshare";

/** A descriptor of a directory of the host's that somebody forgot: each test has one, and asks what is left of it. */
describeAsRoot("a leaked descriptor of the host's files", () => {
  const number = 40;
  const path = `/proc/self/fd/${number}`;
  const why = "the leak";
  const leak = (pathname: string): Step[] => [
    {
      call: "openat",
      dirfd: "AT_FDCWD",
      pathname,
      flags: ["O_RDONLY", "O_DIRECTORY"],
      mode: 0,
      why,
      store: why,
    },
    { call: "dup3", oldfd: { stored: why }, newfd: number, flags: [], why },
  ];
  const atPivot = ({ call }: Step) => call === "pivot_root";
  const isClosing = (s: Step) => s.call === "close_range";
  const isFirst = (s: Step) => s.call === "close_range" && s.first === FIRST_STORED_FD;

  function leaky() {
    const world = new WeakWorld();
    writeFileSync(join(world.path, "secret"), "");
    return world;
  }

  test("cannot be the working directory (CVE-2024-21626)", async () => {
    for (const weak of [true, false]) {
      using world = leaky();
      world.weaken = (init) =>
        withSteps(weak ? without(isFirst)(init) : init, atPivot, ...leak(world.path));
      const spec = world.spec(["sh", "-c", "cat secret"]);
      spec.process.cwd = path;
      expect(await world.succeeds(spec)).toBe(weak);
    }
  });

  test("does not survive into the command", async () => {
    for (const weak of [true, false]) {
      using world = leaky();
      world.weaken = (init) =>
        withSteps(weak ? without(isClosing)(init) : init, atPivot, ...leak(world.path));
      const spec = world.spec(["sh", "-c", `cat ${path}/secret`]);
      expect(await world.succeeds(spec)).toBe(weak);
    }
  });

  test("does not survive execve, even where it comes after the first clearing", async () => {
    for (const weak of [true, false]) {
      using world = leaky();
      const isLast = (s: Step) => isClosing(s) && !isFirst(s);
      const afterFirst = (s: Step) =>
        s.call === "chdir" && s.path === "/" && s.why.includes("starts");
      world.weaken = (init) =>
        withSteps(weak ? without(isLast)(init) : init, afterFirst, ...leak("/"));
      expect(await world.succeeds(world.spec(["sh", "-c", `ls ${path}/bin`]))).toBe(weak);
    }
  });
});

/** CVE-2019-5736: the program that becomes the command is the last thing of the host's that a container can name. */
describeAsRoot("the launcher's program", () => {
  const write = (path: string): boolean => {
    try {
      const fd = openSync(path, "r+");
      try {
        return writeSync(fd, "#!") === 2;
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      expect(["EPERM", "ETXTBSY"]).toContain((error as NodeJS.ErrnoException).code!);
      return false;
    }
  };

  test("cannot be overwritten by who gets hold of it (CVE-2019-5736)", () => {
    const unsealed = call("memfd_create", "unsealed", 1); // MFD_CLOEXEC
    writeSync(unsealed, "program");
    expect(write(`/proc/self/fd/${unsealed}`)).toBe(true);
    closeSync(unsealed);
    expect(write(launcherPath())).toBe(false);
  });

  test("is not handed to an image whose command is the program that runs it, as unshare(1) is", async () => {
    using world = new WeakWorld();
    const { rootfs } = world;
    for (const loader of loadersOf(unshare)) {
      mkdirSync(dirname(join(rootfs, loader)), { recursive: true });
      copyFileSync(join(rootfs, "bin/busybox"), join(rootfs, loader));
    }
    mkdirSync(join(rootfs, "proc"));
    symlinkSync("/proc/self/exe", join(rootfs, "cat"));
    const theft = ["/cat", "/proc/self/exe"];
    const flags = ["--mount", "--pid", "--fork", "--mount-proc", "--root", rootfs];
    const { stdout } = Bun.spawnSync([unshare, ...flags, ...theft]);
    expect(stdout.equals(readFileSync(unshare))).toBe(true);
    expect(await world.succeeds(world.spec(theft))).toBe(false);
  });

  // Its control is the test above: the program of another tool is there to be named.
  test("does nothing for an image that makes it its interpreter (CVE-2019-5736)", async () => {
    using world = new WeakWorld();
    writeFileSync(join(world.rootfs, "evil"), "#!/proc/self/exe\n", { mode: 0o755 });
    writeFileSync(join(world.rootfs, "good"), "#!/bin/sh\ntrue\n", { mode: 0o755 });
    expect(await world.succeeds(world.spec(["/good"]))).toBe(true);
    expect(await world.succeeds(world.spec(["/evil"]))).toBe(false);
  });
});
