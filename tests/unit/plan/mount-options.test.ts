import { describe, expect, test } from "bun:test";
import { parseMountOptions } from "../../../src/plan/mount-options.ts";

describe("mount options", () => {
  test("words for flags become flags, the file system's own stay text", () => {
    expect(parseMountOptions(["nosuid", "noexec", "mode=755", "ro", "size=1m"])).toMatchObject({
      flags: ["MS_NOSUID", "MS_NOEXEC", "MS_RDONLY"],
      data: "mode=755,size=1m",
    });
  });

  test("the same flags in the words of mount_setattr, as far as it has them", () => {
    const { attrs } = parseMountOptions(["ro", "nosuid", "nodev", "noexec", "sync", "nosymfollow"]);
    expect(attrs).toEqual([
      "MOUNT_ATTR_RDONLY",
      "MOUNT_ATTR_NOSUID",
      "MOUNT_ATTR_NODEV",
      "MOUNT_ATTR_NOEXEC",
      "MOUNT_ATTR_NOSYMFOLLOW",
    ]);
  });

  test("defaults say nothing", () => {
    const options = ["rw", "suid", "dev", "exec", "async", "atime", "diratime", "defaults"];
    expect(parseMountOptions(options)).toMatchObject({ flags: [], attrs: [], data: null });
  });

  test("propagation is kept apart from the flags", () => {
    expect(parseMountOptions(["rbind", "rslave"])).toMatchObject({
      propagation: ["MS_SLAVE"],
      recursive: true,
      data: null,
    });
    expect(parseMountOptions(["bind"])).toMatchObject({ propagation: [], recursive: false });
  });

  test("idmap and ridmap are a mount's, and no file system's", () => {
    for (const option of ["idmap", "ridmap"])
      expect(parseMountOptions(["bind", option])).toMatchObject({ idmapped: true, data: null });
  });

  test("no options are no options", () => {
    expect(parseMountOptions()).toEqual({
      flags: [],
      attrs: [],
      propagation: [],
      recursive: false,
      idmapped: false,
      data: null,
    });
  });
});
