import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { archOf } from "../../../src/abi/syscall.ts";
import { defaultImage } from "../../../src/image/default.ts";
import { prepareImage } from "../../../src/image/prepare.ts";
import { findImage, listImages, removeImage } from "../../../src/image/store.ts";
import { withLock } from "../../../src/linux/file-lock.ts";
import { alpine } from "../../../rootfs/alpine.ts";
import { mirror } from "./mirror.ts";
import { archive } from "./tar-builder.ts";

const base = mkdtempSync(`${tmpdir()}/kontener-prepare-`);
const paths = { lib: `${base}/lib`, run: `${base}/run` };
const tar = new Uint8Array(
  archive({ name: "bin/", type: "5" }, { name: "bin/sh", mode: 0o755, content: "#!" }),
);
const file = `${base}/some.tar.gz`;
const sha256 = (bytes: Uint8Array): string =>
  `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
const hasBusybox = process.arch === "x64";

beforeEach(() => {
  rmSync(paths.lib, { recursive: true, force: true });
  writeFileSync(file, Bun.gzipSync(tar));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** What is in the store, locks aside. */
const stored = (): string[] =>
  existsSync(`${paths.lib}/images`)
    ? readdirSync(`${paths.lib}/images`).filter((name) => !name.startsWith(".lock"))
    : [];
const downloads = (): string[] =>
  existsSync(`${paths.lib}/downloads`) ? readdirSync(`${paths.lib}/downloads`) : [];

describe("prepareImage()", () => {
  test("makes an image of an archive, and finds it there the next time", async () => {
    const first = await prepareImage({ name: "mine", from: file }, paths);
    expect(first.fresh).toBe(true);
    expect(first.image.layers).toEqual([`${paths.lib}/images/mine/rootfs`]);
    expect(readFileSync(`${first.image.layers[0]}/bin/sh`, "utf8")).toBe("#!");
    expect(await findImage("mine", paths)).toEqual(first.image);
    const inode = statSync(first.image.layers[0]!).ino;
    expect((await prepareImage({ name: "mine", from: file }, paths)).fresh).toBe(false);
    expect(statSync(first.image.layers[0]!).ino).toBe(inode);
  });

  test("makes it anew where the archive has changed", async () => {
    await prepareImage({ name: "mine", from: file }, paths);
    writeFileSync(file, archive({ name: "new", content: "x" }));
    expect((await prepareImage({ name: "mine", from: file }, paths)).fresh).toBe(true);
    expect(readdirSync(`${paths.lib}/images/mine/rootfs`)).toEqual(["new"]);
    expect(stored()).toEqual(["mine"]);
  });

  test("makes an image of a directory", async () => {
    const from = `${base}/directory`;
    mkdirSync(`${from}/etc`, { recursive: true });
    writeFileSync(`${from}/etc/motd`, "hello", { mode: 0o640 });
    const { image } = await prepareImage({ name: "mine", from }, paths);
    expect(statSync(`${image.layers[0]}/etc/motd`).mode & 0o777).toBe(0o640);
  });

  test("does the work once when two ask at the same time", async () => {
    const bytes = readFileSync(file);
    using server = mirror(bytes);
    const request = { name: "mine", from: server.url, digest: sha256(bytes) };
    const both = await Promise.all([prepareImage(request, paths), prepareImage(request, paths)]);
    expect(both.map(({ fresh }) => fresh).toSorted()).toEqual([false, true]);
    expect(server.requests.length).toBe(1);
    expect(downloads()).toEqual([]);
  });

  test("removes what processes that died have left, and not what another one is making", async () => {
    for (const name of ["mine", "dead", "busy"])
      mkdirSync(`${paths.lib}/images/.tmp-${name}/rootfs/half`, { recursive: true });
    await withLock(`${paths.lib}/images/.lock-busy`, () =>
      prepareImage({ name: "mine", from: file }, paths),
    );
    expect(stored().toSorted()).toEqual([".tmp-busy", "mine"]);
    expect(readdirSync(`${paths.lib}/images/mine/rootfs`)).toEqual(["bin"]);
  });

  test("leaves nothing of an archive that breaks off, and keeps the image that was there", async () => {
    await prepareImage({ name: "mine", from: file }, paths);
    writeFileSync(file, Bun.gzipSync(tar.subarray(0, 700)));
    const broken = prepareImage({ name: "mine", from: file }, paths);
    await expect(broken).rejects.toThrow(`cannot unpack ${file}: the archive is cut short`);
    expect(stored()).toEqual(["mine"]);
    expect(existsSync(`${paths.lib}/images/mine/rootfs/bin/sh`)).toBe(true);
  });

  test("uses no byte of an archive with another digest", async () => {
    const wrong = { name: "mine", from: file, digest: sha256(Buffer.from("other")) };
    await expect(prepareImage(wrong, paths)).rejects.toThrow("is not what was asked for");
    expect(stored()).toEqual([]);
    using server = mirror(readFileSync(file));
    const lie = prepareImage({ ...wrong, from: server.url }, paths);
    await expect(lie).rejects.toThrow("is not what was asked for");
    expect([stored(), downloads()]).toEqual([[], []]);
  });

  test("replaces an image whose record is torn", async () => {
    await prepareImage({ name: "mine", from: file }, paths);
    writeFileSync(`${paths.lib}/images/mine/image.json`, '{"source":');
    expect((await prepareImage({ name: "mine", from: file }, paths)).fresh).toBe(true);
    await findImage("mine", paths);
  });

  test("keeps other users out of the images", async () => {
    await prepareImage({ name: "mine", from: file }, paths);
    expect(statSync(`${paths.lib}/images`).mode & 0o777).toBe(0o700);
  });

  test.each([
    [{ name: "mine" }, "no recipe for mine"],
    [{ name: "../mine", from: "x" }, "is not an image's name"],
    [{ name: "Mine", from: "x" }, "is not an image's name"],
    [{ name: "busybox", from: "x" }, "busybox is built in"],
    [{ name: "mine", from: "/no/such" }, "there is no /no/such"],
    [{ name: "mine", from: "http://127.0.0.1/x" }, "known by its digest"],
    [{ name: "mine", from: "/", digest: `sha256:${"0".repeat(64)}` }, "a directory has no digest"],
    [{ name: "mine", from: "x", digest: "md5:00" }, "is not a digest"],
    [{ name: "mine", from: "/" }, "contains the images themselves"],
    [{ name: "mine", from: `${file}/below` }, "there is no"],
    [{ name: "mine", from: "/dev/zero" }, "is neither a file nor a directory"],
  ])("%j is refused in words", async (request, words) => {
    await expect(prepareImage(request, paths)).rejects.toThrow(words);
    expect(stored()).toEqual([]);
  });

  test("gets a recipe's archive from the mirror that is named", async () => {
    const { path } = alpine.archives[archOf(process.arch)];
    const asked: string[] = [];
    using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request) {
        asked.push(new URL(request.url).pathname);
        return new Response(readFileSync(file));
      },
    });
    const digest = sha256(readFileSync(file));
    const flag = `http://127.0.0.1:${server.port}/flag/`;
    await prepareImage({ name: "alpine", mirror: flag, digest }, paths);
    await removeImage("alpine", paths);
    process.env[alpine.mirrorVariable] = `http://127.0.0.1:${server.port}/variable`;
    try {
      await prepareImage({ name: "alpine", digest }, paths);
    } finally {
      delete process.env[alpine.mirrorVariable];
    }
    expect(asked).toEqual([`/flag/${path}`, `/variable/${path}`]);
  });
});

describe("the store", () => {
  test("says what is there, and how to get what is not", async () => {
    await prepareImage({ name: "mine", from: file }, paths);
    await expect(findImage("other", paths)).rejects.toMatchObject({
      code: "NOT_FOUND",
      exitCode: 125,
      message: 'no image "other"; there are busybox, host, mine',
      hint: expect.stringContaining("kontener pull other"),
    });
    await expect(findImage("alpine", paths)).rejects.toMatchObject({
      hint: "get it with: kontener prepare alpine",
    });
  });

  test.each(["", "..", "a//b", ".tmp-x", "-x", "A", "a/../b"])("%p is not a name", async (name) => {
    await expect(findImage(name, paths)).rejects.toMatchObject({ code: "INVALID" });
  });

  test.each(["{", "[]", "null", '{"source":1}', '{"source":"x","created":"y","config":{"Cmd":1}}'])(
    "the record %p is refused, and the file named",
    async (text) => {
      mkdirSync(`${paths.lib}/images/torn`, { recursive: true });
      writeFileSync(`${paths.lib}/images/torn/image.json`, text);
      await expect(findImage("torn", paths)).rejects.toThrow("images/torn/image.json is not");
      expect(listImages(paths).find(({ name }) => name === "torn")?.problem).toContain("torn");
    },
  );

  test("removes an image, and only what is there", async () => {
    await prepareImage({ name: "mine", from: file }, paths);
    await removeImage("mine", paths);
    expect(stored()).toEqual([]);
    await expect(removeImage("mine", paths)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test.if(hasBusybox)("makes busybox at its first use, of the pinned program", async () => {
    const { layers, config } = await findImage("busybox", paths);
    const [rootfs] = layers as [string];
    expect(config.Cmd).toEqual(["/bin/sh"]);
    const awk = Bun.spawnSync([`${rootfs}/bin/busybox`, "awk", "BEGIN { print 6 * 7 }"]);
    expect(awk.stdout.toString()).toBe("42\n");
    expect(lstatSync(`${rootfs}/usr/bin/awk`).isSymbolicLink()).toBe(true);
    expect(statSync(`${rootfs}/tmp`).mode & 0o7777).toBe(0o1777);
    expect(existsSync(`${rootfs}/etc/shadow`)).toBe(false);
    for (const name of ["proc", "sys", "dev", "etc/passwd", "etc/group", "etc/resolv.conf", "root"])
      expect(existsSync(`${rootfs}/${name}`)).toBe(true);
  });

  test("the host's image has its programs, and none of its secrets", async () => {
    const { layers, mounts } = await findImage("host", paths);
    expect(mounts[0]).toEqual({
      destination: "/usr",
      type: "bind",
      source: "/usr",
      options: ["rbind", "ro"],
    });
    for (const { destination, options } of mounts) {
      expect(options).toContain("ro");
      expect(existsSync(`${layers[0]}${destination}`)).toBe(true);
      expect(destination).not.toMatch(/shadow|private|ssh|^\/etc\/?$/);
    }
    expect(readFileSync(`${layers[0]}/etc/passwd`, "utf8")).not.toBe(
      readFileSync("/etc/passwd", "utf8"),
    );
    expect(existsSync(`${layers[0]}/bin`) || lstatSync(`${layers[0]}/bin`).isSymbolicLink()).toBe(
      true,
    );
    const before = statSync(layers[0]!).ino;
    await findImage("host", paths);
    expect(statSync(layers[0]!).ino).toBe(before);
  });
});

describe("the default image", () => {
  const withMirror = async <T>(url: string, fn: () => Promise<T>): Promise<T> => {
    process.env[alpine.mirrorVariable] = url;
    try {
      return await fn();
    } finally {
      delete process.env[alpine.mirrorVariable];
    }
  };

  test("is alpine where that is there", async () => {
    await prepareImage({ name: "alpine", from: file }, paths);
    const said: string[] = [];
    expect((await defaultImage(paths, (line) => said.push(line))).name).toBe("alpine");
    expect(said).toEqual([]);
  });

  test.if(hasBusybox)("is busybox where no mirror answers, and that is said", async () => {
    const said: string[] = [];
    const say = (line: string) => said.push(line);
    const image = await withMirror("http://127.0.0.1:9", () => defaultImage(paths, say));
    expect(image.name).toBe("busybox");
    expect(said.at(-1)).toEndWith("nobody answers there; this is busybox instead");
    await expect(findImage("alpine", paths)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("is not busybox where the mirror lies", async () => {
    using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("lie") });
    const image = withMirror(`http://127.0.0.1:${server.port}`, () =>
      defaultImage(paths, () => {}),
    );
    await expect(image).rejects.toThrow("is not what was asked for");
  });
});
