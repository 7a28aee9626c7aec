import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { unpack } from "../../../src/image/unpack.ts";
import { archive, chunks, entry, END, type Raw } from "./tar-builder.ts";

const base = mkdtempSync(`${tmpdir()}/kontener-unpack-`);
const outside = `${base}/outside`;
let number = 0;
let tree = "";
let said: string[] = [];

beforeEach(() => {
  rmSync(outside, { recursive: true, force: true });
  mkdirSync(outside);
  writeFileSync(`${outside}/secret`, "secret", { mode: 0o600 });
  tree = `${base}/tree-${number++}`;
  mkdirSync(tree);
  said = [];
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const unpackEntries = (...entries: Raw[]): Promise<void> =>
  unpack(chunks(archive(...entries)), tree, (line) => said.push(line));
const content = (path: string): string => readFileSync(`${tree}/${path}`, "utf8");

function expectOutsideUntouched(): void {
  expect(readdirSync(outside)).toEqual(["secret"]);
  expect(readFileSync(`${outside}/secret`, "utf8")).toBe("secret");
  expect(statSync(`${outside}/secret`)).toMatchObject({ nlink: 1, mode: 0o100600 });
  expect(readdirSync(base).filter((name) => !/^(outside|tree-\d+)$/.test(name))).toEqual([]);
}

describe("an archive cannot reach out of its tree", () => {
  test.each(["../escape", "a/../../escape", "..", "/../escape", "a/.."])(
    "the name %p is refused",
    async (name) => {
      await expect(unpackEntries({ name, content: "x" })).rejects.toThrow("leads upwards");
      expectOutsideUntouched();
    },
  );

  test("an absolute name is below the tree's root", async () => {
    await unpackEntries({ name: `${outside}/secret`.slice(0, 100), content: "mine" });
    expect(content(`${outside}/secret`)).toBe("mine");
    expectOutsideUntouched();
  });

  test.each([
    ["an absolute link", () => outside],
    ["a link upwards", () => "../outside"],
    ["a link far upwards", () => `../../../../../../../../..${outside}`],
  ])("writing through %s ends in the tree", async (_, target) => {
    await unpackEntries({ name: "d/", type: "5" }, { name: "link", type: "2", linkname: target() });
    const write = unpackEntries({ name: "link/secret", content: "mine" });
    // The link points to nothing inside the tree, and nothing is made of it.
    await expect(write).rejects.toThrow("no directory");
    expectOutsideUntouched();
  });

  test("the attack works where links are followed from the host's root", async () => {
    await unpackEntries({ name: "link", type: "2", linkname: outside });
    writeFileSync(`${tree}/link/secret`, "mine");
    expect(readFileSync(`${outside}/secret`, "utf8")).toBe("mine");
  });

  test("an absolute link into the tree is followed below the tree's root", async () => {
    await unpackEntries(
      { name: "usr/lib/", type: "5" },
      { name: "lib", type: "2", linkname: "/usr/lib" },
      { name: "lib/libc.so", content: "libc" },
    );
    expect(content("usr/lib/libc.so")).toBe("libc");
    expect(readlinkSync(`${tree}/lib`)).toBe("/usr/lib");
  });

  test("a directory that turns into a link does not lead there, also when it was just used", async () => {
    const attack = unpackEntries(
      { name: "d/", type: "5" },
      { name: "d/file", content: "x" },
      { name: "d/file", type: "2", linkname: outside },
      { name: "e/", type: "5" },
      { name: "e", type: "2", linkname: outside },
      { name: "e/secret", content: "mine" },
      { name: "d/file/secret", content: "mine" },
    );
    await expect(attack).rejects.toThrow("no directory");
    expectOutsideUntouched();
  });

  test("a parent that was a link and is another link now is looked up again", async () => {
    await unpackEntries(
      { name: "one/", type: "5" },
      { name: "two/", type: "5" },
      { name: "link", type: "2", linkname: "one" },
      { name: "link/a", content: "a" },
      { name: "link", type: "2", linkname: "two" },
      { name: "link/b", content: "b" },
    );
    expect(readdirSync(`${tree}/one`)).toEqual(["a"]);
    expect(readdirSync(`${tree}/two`)).toEqual(["b"]);
  });

  test("a file takes the place of a link, it is not written through it", async () => {
    await unpackEntries(
      { name: "f", type: "2", linkname: `${outside}/secret` },
      { name: "f", content: "mine" },
    );
    expect(lstatSync(`${tree}/f`).isFile()).toBe(true);
    expectOutsideUntouched();
  });

  test("modes, owners and times of a link do not reach what it points to", async () => {
    await unpackEntries({
      name: "f",
      type: "2",
      linkname: `${outside}/secret`,
      mode: 0o777,
      mtime: 1,
    });
    expect(statSync(`${outside}/secret`).mtimeMs).not.toBe(1000);
    expectOutsideUntouched();
  });

  test("a directory in the place of a link to one gets its own mode", async () => {
    const before = statSync(outside).mode;
    await unpackEntries(
      { name: "d", type: "2", linkname: outside },
      { name: "d/", type: "5", mode: 0o711 },
      { name: "d/f", content: "x" },
    );
    expect(lstatSync(`${tree}/d`).mode & 0o7777).toBe(0o711);
    expect(statSync(outside).mode).toBe(before);
    expectOutsideUntouched();
  });

  test("a directory that becomes a link later gets no mode through it", async () => {
    const before = statSync(outside).mode;
    await unpackEntries(
      { name: "d/", type: "5", mode: 0o777 },
      { name: "d", type: "2", linkname: "../outside" },
    );
    expect(statSync(outside).mode).toBe(before);
  });

  test.each(["/outside/secret", "../outside/secret", "link/secret"])(
    "a hard link to %p is refused",
    async (linkname) => {
      const attack = unpackEntries(
        { name: "link", type: "2", linkname: outside },
        { name: "hard", type: "1", linkname },
      );
      await expect(attack).rejects.toMatchObject({ code: "IMAGE" });
      expectOutsideUntouched();
    },
  );

  test("a hard link to a link is the link, not what it points to", async () => {
    await unpackEntries(
      { name: "link", type: "2", linkname: `${outside}/secret` },
      { name: "hard", type: "1", linkname: "link" },
      { name: "hard", content: "mine" },
    );
    expect(content("hard")).toBe("mine");
    expectOutsideUntouched();
  });

  test("a link through /proc is not followed", async () => {
    const attack = unpackEntries(
      { name: "link", type: "2", linkname: "/proc/self/cwd" },
      { name: "link/file", content: "x" },
    );
    await expect(attack).rejects.toThrow("no directory");
  });

  test("a name with a NUL is refused", async () => {
    const attack = unpackEntries({ name: "x", pax: { path: "a\0b" } });
    await expect(attack).rejects.toThrow("NUL");
  });

  test("a name too long for the file system is an error that names the call", async () => {
    const pax = { path: "n".repeat(256) };
    await expect(unpackEntries({ name: "x", pax })).rejects.toThrow("ENAMETOOLONG");
    const deep = { path: "d/".repeat(3000) };
    await expect(unpackEntries({ name: "x", type: "5", pax: deep })).rejects.toThrow();
    expectOutsideUntouched();
  });

  test("attributes that steer overlayfs are left out", async () => {
    await unpackEntries({
      name: "d/",
      type: "5",
      pax: { "SCHILY.xattr.trusted.overlay.redirect": "/x" },
    });
    expect(said.join()).toContain("overlayfs");
  });
});

describe("an archive is unpacked as it was meant", () => {
  test("modes and times are exact, also of a directory that forbids writing", async () => {
    await unpackEntries(
      { name: "ro/", type: "5", mode: 0o555, pax: { mtime: "1600000000.123456789" } },
      { name: "ro/suid", mode: 0o4751, mtime: 1_500_000_000, content: "x" },
    );
    expect(statSync(`${tree}/ro`, { bigint: true }).mtimeNs).toBe(1_600_000_000_123_456_789n);
    expect(statSync(`${tree}/ro`).mode & 0o7777).toBe(0o555);
    expect(statSync(`${tree}/ro/suid`).mode & 0o7777).toBe(0o4751);
    expect(statSync(`${tree}/ro/suid`).mtimeMs).toBe(1.5e12);
  });

  test("missing directories are made, for all to read, whatever the umask", async () => {
    const umask = process.umask(0o077);
    try {
      await unpackEntries({ name: "a/b/c", content: "x", mode: 0o666 });
    } finally {
      process.umask(umask);
    }
    expect(statSync(`${tree}/a/b`).mode & 0o777).toBe(0o755);
    expect(statSync(`${tree}/a/b/c`).mode & 0o777).toBe(0o666);
  });

  test("hard links are one file", async () => {
    await unpackEntries(
      { name: "a/one", content: "x" },
      { name: "b/two", type: "1", linkname: "./a/one" },
    );
    expect(statSync(`${tree}/b/two`).ino).toBe(statSync(`${tree}/a/one`).ino);
  });

  test("a hard link to what the archive lacks is refused", async () => {
    const broken = unpackEntries({ name: "b", type: "1", linkname: "a" });
    await expect(broken).rejects.toThrow('"b" is a link to "a", which the archive lacks');
  });

  test("the last of two entries of one name counts", async () => {
    await unpackEntries(
      { name: "a", content: "first, and longer" },
      { name: "a", content: "second" },
      { name: "d", content: "a file" },
      { name: "d/", type: "5" },
    );
    expect(content("a")).toBe("second");
    expect(statSync(`${tree}/d`).isDirectory()).toBe(true);
  });

  test("a directory with something in it does not vanish for a file", async () => {
    const torn = unpackEntries({ name: "d/f", content: "x" }, { name: "d", content: "y" });
    await expect(torn).rejects.toThrow('"d" twice');
  });

  test("a pipe is a pipe", async () => {
    await unpackEntries({ name: "p", type: "6", mode: 0o620 });
    expect(lstatSync(`${tree}/p`).isFIFO()).toBe(true);
    expect(lstatSync(`${tree}/p`).mode & 0o777).toBe(0o620);
  });

  test("the entry “./” is the tree's own root", async () => {
    await unpackEntries({ name: "./", type: "5", mode: 0o711 }, { name: "./f", content: "x" });
    expect(statSync(tree).mode & 0o7777).toBe(0o711);
    await expect(unpackEntries({ name: ".", content: "x" })).rejects.toThrow("root");
  });

  test("an archive that breaks off leaves an error, not silence", async () => {
    const bytes = Buffer.concat([entry({ name: "a", content: "x".repeat(5000) }), END]);
    const cut = unpack(chunks(bytes.subarray(0, 3000)), tree, () => {});
    await expect(cut).rejects.toThrow("cut short");
    expect(existsSync(`${tree}/a`)).toBe(true);
  });
});
