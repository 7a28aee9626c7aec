import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as files from "../../../src/linux/files.ts";

const directory = fs.mkdtempSync("/tmp/kontener-files-");
afterAll(() => fs.rmSync(directory, { recursive: true }));
const at = (name: string): string => `${directory}/${name}`;

describe("small files by system calls agree with node:fs", () => {
  for (const size of [0, 1, 65535, 65536, 65537, 300_000]) {
    test(`a text of ${size} characters, some of several bytes, is read as it was written`, () => {
      const text = "a€𝄞".repeat(size).slice(0, size).toWellFormed();
      files.writeText(at("text"), text, 0o644);
      expect(fs.readFileSync(at("text"), "utf8")).toBe(text);
      expect(files.readText(at("text"))).toBe(text);
    });
  }

  test("a file of /proc, which says that it is empty, is read whole", () => {
    expect(files.readText("/proc/self/mountinfo")).toBe(
      fs.readFileSync("/proc/self/mountinfo", "utf8"),
    );
  });

  test("list() names what readdir() names, also more than one buffer full", () => {
    fs.mkdirSync(at("many"));
    for (let i = 0; i < 1500; i++) fs.writeFileSync(at(`many/${"long".repeat(10)}-ü-${i}`), "");
    expect(files.list(at("many")).toSorted()).toEqual(fs.readdirSync(at("many")).toSorted());
  });

  test("directories, links, renames", () => {
    files.makeDirectories(at("a/b/c"), 0o755);
    files.makeDirectories(at("a/b/c"), 0o755);
    expect(files.typeOf(at("a/b/c"))).toBe("directory");
    files.symlink("b/c", at("a/link"));
    expect(files.readLink(at("a/link"))).toBe(fs.readlinkSync(at("a/link")));
    expect([files.typeOf(at("a/link")), files.typeOf(at("a/link"), false)]).toEqual([
      "directory",
      "other",
    ]);
    files.rename(at("a/link"), at("moved"));
    expect([files.exists(at("a/link")), fs.readdirSync(directory).includes("moved")]).toEqual([
      false,
      true,
    ]);
    files.unlink(at("moved"));
    expect([files.tryRemoveDirectory(at("a")), files.tryRemoveDirectory(at("a/b/c"))]).toEqual([
      false,
      true,
    ]);
  });

  test("an error carries the call and its arguments", () => {
    expect(() => files.readText(at("missing"))).toThrow(
      `openat(AT_FDCWD, "${directory}/missing", `,
    );
    expect(() => files.makeDirectory(at("no/parent"), 0o755)).toThrow("ENOENT");
    expect(() => files.writeText(at("missing"), "x")).toThrow("ENOENT");
    expect(files.tryReadText(at("missing"))).toBeUndefined();
    expect(files.typeOf(at("missing"))).toBeUndefined();
  });
});
