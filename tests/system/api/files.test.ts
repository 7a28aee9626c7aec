import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { container } from "../../../src/index.ts";
import { describeAsRoot } from "../support.ts";
import { descriptors, useEngine } from "./library.ts";

describeAsRoot("files of a box", () => {
  const engine = useEngine(44);
  const start = (options = {}) => container("busybox", { network: "none", ...options });

  test("what is written is read, by the box and from outside, with missing directories made", async () => {
    await using box = await start();
    await box.writeFile("/work/deep/a.txt", "ä\n");
    expect(await box.exec(["cat", "/work/deep/a.txt"]).then(String)).toBe("ä");
    expect(await box.readFile("/work/deep/a.txt")).toEqual(new Uint8Array([0xc3, 0xa4, 10]));
    expect(await box.readFile("work/../work/deep/a.txt", "utf8")).toBe("ä\n");
    await box.writeFile("/work/deep/a.txt", new Blob(["b"]), { append: true });
    expect(await box.readFile("/work/deep/a.txt", "utf8")).toBe("ä\nb");
    await box.writeFile("/work/deep/a.txt", new Uint8Array([99]));
    expect(await box.readFile("/work/deep/a.txt", "utf8")).toBe("c");
    const long = new Blob(["x".repeat(1_000_000)]);
    await box.writeFile("/long", long.stream(), { mode: 0o600 });
    expect((await box.exec(["stat", "-c", "%s %a", "/long"])).stdout).toBe("1000000 600\n");
  });

  test("what is made belongs to the user of the box", async () => {
    await using box = await start({ user: "1000:1001", cwd: "/home/me" });
    await box.writeFile("sub/file", "x");
    const { stdout } = await box.exec(["stat", "-c", "%u:%g", "/home/me/sub", "/home/me/sub/file"]);
    expect(stdout).toBe("1000:1001\n1000:1001\n");
    expect((await box.exec(["sh", "-c", "echo y > sub/file && mkdir sub/b"])).exitCode).toBe(0);
  });

  test("in a user namespace too, also where the host's root has no number", async () => {
    await using box = await start({ userns: "auto", user: "1000:1001", cwd: "/home/me" });
    await box.writeFile("sub/file", "x");
    mkdirSync(`${engine.directory}/owned`);
    symlinkSync("file", `${engine.directory}/owned/link`);
    await box.copyIn(`${engine.directory}/owned`, "/home/me/owned");
    const made = ["sub", "sub/file", "owned", "owned/link"].map((name) => `/home/me/${name}`);
    const { stdout } = await box.exec(["stat", "-c", "%u:%g", ...made]);
    expect(stdout).toBe("1000:1001\n".repeat(4));
    await box.copyOut("/home/me/sub", `${engine.directory}/out`);
    expect(lstatSync(`${engine.directory}/out/file`)).toMatchObject({ uid: 0, gid: 0 });
  });

  test("volumes and tmpfs are reached too", async () => {
    mkdirSync(`${engine.directory}/shared`, { recursive: true });
    await using box = await start({ volumes: [`${engine.directory}/shared:/data`], tmpfs: ["/t"] });
    await box.writeFile("/data/x", "1");
    await box.writeFile("/t/x", "2");
    expect(readFileSync(`${engine.directory}/shared/x`, "utf8")).toBe("1");
    expect(await box.$`cat /t/x`.text()).toBe("2");
  });

  test("a file that is not there, and one that is too large", async () => {
    await using box = await start();
    await expect(box.readFile("/no/such")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await box.exec(["truncate", "-s", "8G", "/huge"]);
    await expect(box.readFile("/huge", { maxSize: 1000 })).rejects.toThrow("more than 1000 bytes");
    await expect(
      box.copyOut("/huge", `${engine.directory}/huge`, { maxSize: 1e6 }),
    ).rejects.toThrow("maxSize");
  });

  test("glob finds names, does not follow links, and leaves no descriptor", async () => {
    await using box = await start();
    await box.$`mkdir -p /w/a/b /w/c && touch /w/1.txt /w/a/2.txt /w/a/b/3.txt /w/c/4.md && ln -s / /w/loop`;
    Bun.gc(true);
    const open = descriptors().length;
    expect(await box.glob("/w/**/*.txt")).toEqual(["/w/1.txt", "/w/a/2.txt", "/w/a/b/3.txt"]);
    expect(await box.glob("/w/*.txt")).toEqual(["/w/1.txt"]);
    expect(await box.glob("/w/*")).toEqual(["/w/1.txt", "/w/a", "/w/c", "/w/loop"]);
    expect(await box.glob("/w/1.txt")).toEqual(["/w/1.txt"]);
    expect(await box.glob("/none/*")).toEqual([]);
    expect(descriptors().length).toBeLessThanOrEqual(open);
  });

  test("files can be read after the box has ended by itself, until it is closed", async () => {
    const box = await start({ timeout: "300ms" });
    await box.exec(["sh", "-c", "echo result > /r; sleep 60"]);
    await box.ended;
    expect(await box.readFile("/r", "utf8")).toBe("result\n");
    await box.close();
    await expect(box.readFile("/r")).rejects.toMatchObject({ code: "ENDED" });
  });

  test("a tree goes in and comes out as it was", async () => {
    const from = `${engine.directory}/tree`;
    mkdirSync(`${from}/sub/empty`, { recursive: true });
    writeFileSync(`${from}/sub/script`, "#!/bin/sh\necho ran\n");
    chmodSync(`${from}/sub/script`, 0o4755);
    symlinkSync("../top", `${from}/sub/link`);
    writeFileSync(`${from}/top`, "top");
    await using box = await start();
    expect(await box.copyIn(from, "/work")).toEqual([]);
    const { stdout } =
      await box.$`/work/sub/script; cat /work/sub/link; stat -c %a /work/sub/script`;
    expect(stdout).toBe("ran\ntop755\n");
    const to = `${engine.directory}/back/tree`;
    expect(await box.copyOut("/work", to)).toEqual([]);
    expect(readFileSync(`${to}/sub/script`, "utf8")).toContain("echo ran");
    expect(readlinkSync(`${to}/sub/link`)).toBe("../top");
    expect(existsSync(`${to}/sub/empty`)).toBe(true);
    await box.copyIn(`${from}/top`, "/one/file");
    await box.copyOut("/one/file", `${engine.directory}/one`);
    expect(readFileSync(`${engine.directory}/one`, "utf8")).toBe("top");
  });
});

describeAsRoot("a hostile box", () => {
  const engine = useEngine(45);
  const start = () => container("busybox", { network: "none" });
  const secret = () => {
    const path = `${engine.directory}/secret`;
    writeFileSync(path, "of the host");
    return path;
  };

  test("links to the host's files lead to the box's own, also through ..", async () => {
    await using box = await start();
    const path = secret();
    const naive = `${engine.env["KONTENER_LIB"]}/containers/${box.id}/upper/link`;
    for (const target of [path, `../../../../../../../../../../..${path}`]) {
      await box.$`rm -f /link && ln -s ${target} /link`;
      expect(readFileSync(naive, "utf8")).toBe("of the host"); // what a path alone would read
      await expect(box.readFile("/link")).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(box.writeFile("/link", "overwritten")).rejects.toMatchObject({
        code: "NOT_FOUND",
      });
      expect(await box.glob("/link/*")).toEqual([]);
    }
    await box.$`ln -s ${engine.directory} /dir`;
    await box.writeFile("/dir/../here", "x").catch(() => undefined);
    await box.writeFile("/dir/planted", "x").catch(() => undefined);
    expect(existsSync(`${engine.directory}/planted`)).toBe(false);
    expect(readFileSync(path, "utf8")).toBe("of the host");
  });

  test("/proc's magic links are not followed, and the kernel's files not touched", async () => {
    await using box = await start();
    await box.$`ln -s /proc/1/root/etc/passwd /magic; ln -s /proc/self/fd/0 /fd; ln -s /proc/1/oom_score_adj /adj`;
    for (const path of ["/magic", "/fd", "/proc/1/root/etc/passwd", "/proc/1/environ"])
      await expect(box.readFile(path)).rejects.toThrow();
    await expect(box.writeFile("/adj", "-1000")).rejects.toThrow("file of the kernel's");
    await expect(box.readFile("/sys/kernel/notes")).rejects.toThrow();
  });

  test("a device that its root has made is not opened, nor a FIFO waited for", async () => {
    await using box = await start();
    const { major, minor } = hostDisk();
    await box.$`mknod /disk b ${major} ${minor}; mkfifo /fifo; mknod /mem c 1 1`;
    for (const path of ["/disk", "/fifo", "/mem"]) {
      await expect(box.readFile(path)).rejects.toThrow("not a regular file");
      await expect(box.writeFile(path, "x")).rejects.toThrow("not a regular file");
    }
    expect(
      (await box.copyOut("/", `${engine.directory}/all`).catch((e) => [String(e)])).join(),
    ).toMatch(/disk|kernel/);
  });

  test("a link that is exchanged with a directory all the time never leads out", async () => {
    await using box = await start();
    const path = secret();
    await box.$`mkdir -p ${engine.directory.slice(1)}; mkdir /real; echo inside > /real/secret; ln -s ${engine.directory} /evil`;
    const race = box.spawn(
      ["sh", "-c", "while :; do mv /real /x; mv /evil /real; mv /real /evil; mv /x /real; done"],
      { stdout: "ignore", stderr: "ignore" },
    );
    for (let i = 0; i < 300; i++) {
      const text = await box.readFile("/real/secret", "utf8").catch(() => "");
      expect(text).not.toContain("of the host");
      await box.writeFile("/real/secret", "inside").catch(() => undefined);
    }
    await race.kill();
    expect(readFileSync(path, "utf8")).toBe("of the host");
  });

  test("what is copied out has no set-id bit, no link out, and writes through none", async () => {
    await using box = await start();
    const path = secret();
    await box.$`mkdir -p /out/sub/d && cd /out && echo x > suid && chmod 6755 suid && ln -s ${path} abs && ln -s ../../secret up && ln -s sub/d/../../../secret odd && ln -s suid good && ln -s ../suid sub/good && mkfifo fifo`;
    const to = `${engine.directory}/out`;
    const skipped = await box.copyOut("/out", to);
    expect(skipped.map((name) => name.split("/").at(-1)).toSorted()).toEqual([
      "abs",
      "fifo",
      "odd",
      "up",
    ]);
    expect(lstatSync(`${to}/suid`).mode & 0o7777).toBe(0o755);
    expect(readFileSync(`${to}/sub/good`, "utf8")).toBe("x\n");
    symlinkSync(path, `${to}/planted`); // as an earlier copy might have had it
    await box.$`echo evil > /out/planted`;
    await box.copyOut("/out", to);
    expect(readFileSync(path, "utf8")).toBe("of the host");
    expect(readFileSync(`${to}/planted`, "utf8")).toBe("evil\n");
    symlinkSync(engine.directory, `${to}/dir`);
    await box.$`mkdir /out/dir && echo evil > /out/dir/secret`;
    await expect(box.copyOut("/out", to)).rejects.toThrow("ENOTDIR");
    expect(readFileSync(path, "utf8")).toBe("of the host");
  });
});

/** A block device of this host, to be sure that there is one: the root file system's, or any. */
function hostDisk(): { major: number; minor: number } {
  const line = readFileSync("/proc/partitions", "utf8").split("\n")[2] ?? "";
  const [major = 7, minor = 0] = line.trim().split(/\s+/).map(Number);
  return { major, minor };
}
