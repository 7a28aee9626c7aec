import { expect, test } from "bun:test";
import { noIdmapping } from "../../../src/engine/idmap-support.ts";

const [EXT4, BTRFS, TMPFS, OVERLAY] = [0xef53, 0x9123683e, 0x01021994, 0x794c7630] as const;

test("layers can be mapped where both overlayfs and their file system agree", () => {
  expect(noIdmapping(EXT4, [5, 19])).toBeUndefined();
  expect(noIdmapping(BTRFS, [6, 0])).toBeUndefined();
  expect(noIdmapping(TMPFS, [6, 3])).toBeUndefined();
});

test("what is too old says since when it would do", () => {
  expect(noIdmapping(EXT4, [5, 15])).toBe("overlayfs takes mapped layers since Linux 5.19");
  expect(noIdmapping(TMPFS, [6, 2])).toBe("tmpfs takes a mapping since Linux 6.3");
});

test("a file system that takes none says so by its type", () => {
  expect(noIdmapping(OVERLAY, [6, 18])).toBe("its file system (type 0x794c7630) takes no mapping");
});
