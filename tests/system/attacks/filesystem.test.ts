import { expect, test } from "bun:test";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeAsRoot, testUnless } from "../support.ts";
import { resolvedOnHost, WeakWorld, without } from "./weak-world.ts";

/** The image and the volumes are the attacker's: links that are meant for the engine to follow while it has the host's root. */
describeAsRoot("a hostile image", () => {
  /** A link in the image to a directory of the host's. */
  function trapped() {
    const world = new WeakWorld();
    const victim = join(world.path, "victim");
    const volume = join(world.path, "volume");
    for (const directory of [victim, volume]) mkdirSync(directory);
    symlinkSync(victim, join(world.rootfs, "link"));
    return { world, victim, volume };
  }

  test("cannot have a volume mounted at a path of the host's (CVE-2021-30465)", async () => {
    for (const weak of [true, false]) {
      const { world, victim, volume } = trapped();
      using _ = world;
      const spec = world.spec(["true"]);
      spec.mounts.push({ destination: "/link/sub", source: volume, options: ["bind"] });
      if (weak) world.weaken = resolvedOnHost(spec.root.path, "/link");
      await world.succeeds(spec); // the link is dangling inside, so the start may well be refused
      expect(existsSync(join(victim, "sub"))).toBe(weak);
    }
  });

  test("cannot have a file made on the host, to mount another on it (CVE-2023-27561)", async () => {
    for (const weak of [true, false]) {
      const { world, victim, volume } = trapped();
      using _ = world;
      const source = join(volume, "file");
      writeFileSync(source, "");
      const spec = world.spec(["true"]);
      spec.mounts.push({ destination: "/link/file", source, options: ["bind"] });
      if (weak) world.weaken = resolvedOnHost(spec.root.path, "/link");
      await world.succeeds(spec, { files: [source] });
      expect(existsSync(join(victim, "file"))).toBe(weak);
    }
  });

  test("cannot have its working directory made on the host", async () => {
    for (const weak of [true, false]) {
      const { world, victim } = trapped();
      using _ = world;
      const spec = world.spec(["true"]);
      spec.process.cwd = "/link/cwd";
      if (weak) world.weaken = resolvedOnHost(spec.root.path, "/link");
      await world.succeeds(spec);
      expect(existsSync(join(victim, "cwd"))).toBe(weak);
    }
  });

  test("cannot have /proc mounted somewhere else (CVE-2019-19921)", async () => {
    for (const weak of [true, false]) {
      const { world, victim } = trapped();
      using _ = world;
      symlinkSync(victim, join(world.rootfs, "proc"));
      if (weak)
        world.weaken = without((s) => s.call === "openat" && s.flags.includes("O_NOFOLLOW"));
      // A container without the real /proc has no covers over it either.
      expect(await world.succeeds(world.spec(["sh", "-c", "[ ! -e /proc/self ]"]))).toBe(weak);
    }
  });

  test("cannot have /sys or /dev mounted somewhere else", async () => {
    for (const name of ["sys", "dev"])
      for (const weak of [true, false]) {
        const { world, victim } = trapped();
        using _ = world;
        for (const below of ["pts", "shm", "mqueue"]) mkdirSync(join(victim, below));
        symlinkSync(victim, join(world.rootfs, name));
        if (weak)
          world.weaken = without((s) => s.call === "openat" && s.flags.includes("O_NOFOLLOW"));
        const spec = world.spec(["true"]);
        spec.linux.maskedPaths = []; // their covers come from /dev
        expect({ name, weak, started: await world.succeeds(spec) }).toEqual({
          name,
          weak,
          started: weak,
        });
      }
  });

  test("cannot reach the host's files by the parent of its root", async () => {
    for (const weak of [true, false]) {
      using world = new WeakWorld();
      writeFileSync(join(world.path, "secret"), "");
      if (weak) world.weaken = without(({ call }) => call === "umount2");
      const spec = world.spec(["sh", "-c", `cat /..${world.path}/secret`]);
      expect(await world.succeeds(spec)).toBe(weak);
    }
  });

  test("cannot have a setting of the kernel's put in the place of a masked file (CVE-2025-31133)", async () => {
    // A volume over /dev whose null is a link: what covers a masked file would be what the link says.
    const attack =
      'echo 0 > /proc/keys && [ "$(cat /proc/keys)" = "$(cat /proc/sys/vm/stat_interval)" ]';
    for (const weak of [true, false]) {
      using world = new WeakWorld();
      const evil = join(world.path, "evil");
      mkdirSync(evil);
      symlinkSync("/proc/sys/vm/stat_interval", join(evil, "null"));
      const spec = world.spec([
        "sh",
        "-c",
        `v=$(cat /proc/sys/vm/stat_interval); ${attack.replace("0", "$v")}`,
      ]);
      spec.linux.maskedPaths = ["/proc/keys"];
      spec.mounts.push({ destination: "/dev", source: evil, options: ["bind"] });
      if (weak)
        world.weaken = (init) =>
          init.map((s) =>
            s.call === "mount" && s.target === "/proc/keys" ? { ...s, source: "/dev/null" } : s,
          );
      expect(await world.succeeds(spec)).toBe(weak);
    }
  });
});

describeAsRoot("a mount inside a volume", () => {
  // Where all of the host is shared, as systemd has it, a container with this weakness does not even start: pivot_root(2)
  // refuses shared parents.
  const { stdout } = Bun.spawnSync(["findmnt", "-no", "PROPAGATION", "-T", tmpdir()]);
  const isShared = stdout.toString().includes("shared");
  const lack = isShared ? "pivot_root(2) refuses the weak one, as / is shared here" : undefined;
  testUnless(lack)("does not appear on the host, whose directory is shared", async () => {
    for (const weak of [true, false]) {
      using world = new WeakWorld();
      const shared = join(world.path, "shared");
      mkdirSync(join(shared, "sub"), { recursive: true });
      host("mount", "--bind", shared, shared);
      host("mount", "--make-shared", shared);
      try {
        const spec = world.spec(["sh", "-c", "mount -t tmpfs tmpfs /mnt/sub && : > /mnt/sub/seen"]);
        spec.mounts.push({ destination: "/mnt", source: shared, options: ["bind"] });
        for (const set of ["bounding", "effective", "permitted"] as const)
          spec.process.capabilities![set].push("CAP_SYS_ADMIN");
        if (weak)
          world.weaken = without(
            (s) =>
              s.call === "mount_setattr" ||
              (s.call === "mount" && s.mountflags.includes("MS_PRIVATE")),
          );
        // The namespace's mounts go with it, so the container itself says what the host sees.
        const seen = { value: false };
        const look = () => (seen.value ||= existsSync(join(shared, "sub/seen")));
        spec.process.args[2] += " && sleep 0.3";
        const timer = setInterval(look, 10);
        expect(await world.succeeds(spec)).toBe(true);
        clearInterval(timer);
        expect(seen.value).toBe(weak);
      } finally {
        host("umount", "-R", "-l", shared);
      }
    }
  });
});

function host(...command: string[]): void {
  const { stderr, success } = Bun.spawnSync(command);
  if (!success) throw new Error(`${command.join(" ")}: ${stderr}`);
}
