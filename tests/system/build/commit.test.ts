/** `kontener commit`, and the tar archives that layers are made of, against GNU tar. */
import { beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { Notes } from "../../../src/image/notes.ts";
import { tarTree } from "../../../src/image/tar-tree.ts";
import { unpack } from "../../../src/image/unpack.ts";
import { snapshot } from "../image-snapshot.ts";
import { describeAsRoot, Engine, eventually } from "../support.ts";
import { configOf, context, sh, withMounted } from "./world.ts";

describeAsRoot("kontener commit", () => {
  const engine = new Engine(73);
  const run = (...args: string[]) => engine.run(["run", "--network", "none", ...args]);
  const commit = async (...args: string[]) => {
    const result = await engine.run(["commit", ...args]);
    expect({ stderr: result.stderr, exitCode: result.exitCode }).toEqual({
      stderr: "",
      exitCode: 0,
    });
    return result.stdout.trim();
  };

  test("an image holds what the container has added, changed and deleted, and the changes to its config", async () => {
    const script =
      "echo 1 > /new; rm /etc/profile; rm -r /root; mkdir /root; echo x >> /etc/passwd; exec sleep 1000";
    await run("-d", "--name", "kept", "busybox", "sh", "-c", script);
    const done = () => engine.run(["exec", "kept", "grep", "-q", "^x", "/etc/passwd"]);
    await eventually(async () => (await done()).exitCode === 0, 20_000);
    const id = await commit(
      "-m",
      "a remark",
      "-a",
      "somebody",
      "--change",
      "ENV A=1",
      "-c",
      'CMD ["cat", "/new"]',
      "kept",
      "mine",
    );
    const file = configOf(engine, id);
    expect(file.author).toBe("somebody");
    expect(file.config?.Env).toContain("A=1");
    expect(file.history?.at(-1)).toMatchObject({ comment: "a remark", author: "somebody" });
    expect(file.rootfs.diff_ids).toHaveLength(2);
    expect((await run("--rm", "mine")).stdout).toBe("1\n");
    const seen = await run(
      "--rm",
      "mine",
      "sh",
      "-c",
      "ls /etc/profile; ls -a /root; tail -n1 /etc/passwd; echo $A",
    );
    expect(seen.stdout).toBe(".\n..\nx\n1\n");
    // What the engine mounts is not in it, and the container goes on.
    await withMounted(engine, id, (root) =>
      expect(readFileSync(`${root}/etc/hosts`, "utf8")).toBe(""),
    );
    expect((await engine.run(["exec", "kept", "cat", "/new"])).stdout).toBe("1\n");
    await engine.run(["rm", "-f", "kept"]);
  });

  test("processes stand still meanwhile: what is written in turn is of one moment, and with --pause=false it is not", async () => {
    // a is written before z, and between them in the archive's order there is something that takes a while to pack.
    const script =
      "head -c 40000000 /dev/urandom > /m; i=0; while :; do i=$((i+1)); printf %08d $i 1<>/a; printf %08d $i 1<>/z; done";
    await run("-d", "--name", "busy", "busybox", "sh", "-c", script);
    const written = () => engine.run(["exec", "busy", "test", "-e", "/z"]);
    await eventually(async () => (await written()).exitCode === 0, 20_000);
    const ahead = async (...flags: string[]) =>
      await withMounted(engine, await commit(...flags, "busy"), (root) => {
        const [a, z] = ["a", "z"].map((name) => Number(readFileSync(`${root}/${name}`, "utf8")));
        return z! - a!;
      });
    for (let round = 0; round < 3; round++) expect([0, -1]).toContain(await ahead());
    expect(await ahead("--pause=false")).toBeGreaterThan(100);
    await engine.run(["rm", "-f", "busy"]);
  });

  test("the base is what the container was made from, whatever its name means now", async () => {
    await run("-d", "--name", "older", "busybox", "sh", "-c", "echo older > /base");
    await engine.run(["wait", "older"]);
    const older = await commit("older", "moving");
    await run("-d", "--name", "over", "moving", "sh", "-c", "echo 1 > /over");
    await run("-d", "--name", "newer", "busybox", "sh", "-c", "echo newer > /base");
    await engine.run(["wait", "over", "newer"]);
    const newer = await commit("newer", "moving");
    expect((await run("--rm", "moving", "cat", "/base")).stdout).toBe("newer\n");
    const layersOf = (id: string) => configOf(engine, id).rootfs.diff_ids;
    const id = await commit("over");
    expect(layersOf(id).slice(0, -1)).toEqual(layersOf(older));
    expect(layersOf(older)).not.toEqual(layersOf(newer));
    expect((await run("--rm", id, "cat", "/base", "/over")).stdout).toBe("older\n1\n");
    await engine.run(["rm", "older", "over", "newer"]);
  });

  test("a container that has ended can be committed, and one over a committed image too", async () => {
    await run("-d", "--name", "one", "busybox", "sh", "-c", "echo 1 > /1");
    await engine.run(["wait", "one"]);
    await commit("one", "first");
    await run("-d", "--name", "two", "first", "sh", "-c", "cat /1 /1 > /2; rm /1");
    await engine.run(["wait", "two"]);
    const id = await commit("two", "second:tag");
    expect(configOf(engine, id).rootfs.diff_ids).toHaveLength(3);
    expect((await run("--rm", "second:tag", "sh", "-c", "cat /2; ls /1")).stdout).toBe("1\n1\n");
    await engine.run(["rm", "one", "two"]);
  });

  test("a container with a user namespace gives an image with its own numbers", async () => {
    const started = await run(
      "-d",
      "--name",
      "ns",
      "--userns",
      "auto",
      "busybox",
      "sh",
      "-c",
      "echo x > /f; chown 5:6 /f; echo y > /g",
    );
    if (started.exitCode !== 0) throw new Error(started.stderr);
    await engine.run(["wait", "ns"]);
    await commit("ns", "from-ns");
    const { stdout } = await run("--rm", "from-ns", "stat", "-c", "%u:%g", "/f", "/g", "/etc");
    expect(stdout).toBe("5:6\n0:0\n0:0\n");
    await engine.run(["rm", "ns"]);
  });

  test("errors are sentences", async () => {
    await run("-d", "--name", "bad", "busybox", "sleep", "1000");
    const cases: [string[], string][] = [
      [["bad", "UPPER"], '"UPPER" is not an image\'s name'],
      [["bad", "x", "--change", "RUN y"], "--change does not take RUN"],
      [["bad", "x", "--change", "EXPOSE y"], '--change:1: "y" is no port'],
      [["none", "x"], 'there is no container "none"'],
    ];
    for (const [args, message] of cases) {
      const { stderr, exitCode } = await engine.run(["commit", ...args]);
      expect(stderr).toContain(message);
      expect(exitCode).not.toBe(0);
    }
    await engine.run(["rm", "-f", "bad"]);
  });
});

const tarOf = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(pieces));

describeAsRoot("tarTree", () => {
  const directory = context({});
  const make = `mkdir a; cd a
    long=$(printf 'n%.0s' $(seq 120)); mkdir -p $long/$long; echo deep > $long/$long/$long
    echo x > f; chmod 4755 f; ln f hard; ln -s f soft; ln -s $long/$long soft-long; mkfifo fifo
    mknod char c 1 3; mknod block b 7 300; touch -d '1960-01-01 00:00:00.25 UTC' old; touch -d '2300-01-01 UTC' future
    touch -d '2020-01-01 00:00:00.123456789 UTC' nano; chown 3000000:4000000 nano
    printf 'x' > "$(printf 'bad\\377name')"; setfattr -n user.a -v "$(printf 'b\\001')" f; setcap cap_net_raw+ep old
    mkdir -m 1777 sticky; mkdir -m 000 closed; head -c 1000001 /dev/urandom > big; truncate -s 5M sparse`;

  beforeAll(async () => {
    await sh(make, directory);
  });
  const archive = () => tarTree(`${directory}/a`, new Notes(() => {}));

  test("GNU tar makes the same tree of it", async () => {
    await Bun.write(`${directory}/a.tar`, await tarOf(archive()));
    mkdirSync(`${directory}/gnu`);
    await sh("tar --numeric-owner --xattrs --xattrs-include='*' -xpf a.tar -C gnu", directory);
    expect(snapshot(`${directory}/gnu`)).toEqual(snapshot(`${directory}/a`));
  });

  test("our own reader makes the same tree of it, and the same archive of that", async () => {
    mkdirSync(`${directory}/own`);
    await unpack(archive(), `${directory}/own`, (line) => expect(line).toBe(""));
    expect(snapshot(`${directory}/own`)).toEqual(snapshot(`${directory}/a`));
    const digest = async (tree: string) => {
      const hash = new Bun.CryptoHasher("sha256");
      for await (const piece of tarTree(tree, new Notes(() => {}))) hash.update(piece);
      return hash.digest("hex");
    };
    expect(await digest(`${directory}/own`)).toBe(await digest(`${directory}/a`));
  });

  test("an upper directory becomes .wh. entries, and a name that looks like one is refused", async () => {
    await sh(
      "mkdir -p up/d up/o; mknod up/d/gone c 0 0; setfattr -n trusted.overlay.opaque -v y up/o; echo n > up/o/new",
      directory,
    );
    const layer = () => tarTree(`${directory}/up`, new Notes(() => {}), { layer: true });
    await Bun.write(`${directory}/up.tar`, await tarOf(layer()));
    const listed = (await sh("tar -tf up.tar", directory)).trim().split("\n");
    expect(listed).toEqual(["./", "d/", "d/.wh.gone", "o/", "o/.wh..wh..opq", "o/new"]);
    await sh("touch up/d/.wh.mine", directory);
    expect(Array.fromAsync(layer())).rejects.toThrow("names in .wh. mark what is deleted");
    expect(readdirSync(`${directory}/up/d`)).toContain(".wh.mine");
  });
});
