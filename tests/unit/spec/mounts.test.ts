import { describe, expect, test } from "bun:test";
import { parseMount } from "../../../src/spec/mount.ts";
import { parseTmpfs } from "../../../src/spec/tmpfs.ts";
import { parseVolume } from "../../../src/spec/volume.ts";

const volume = (text: string) => parseVolume("--volume", text, "/home/me");
const mount = (text: string) => parseMount("--mount", text, "/home/me");

describe("-v", () => {
  test("is a writable bind mount with everything below its source", () => {
    expect(volume("/srv/data:/data")).toEqual({
      value: {
        type: "bind",
        source: "/srv/data",
        target: "/data",
        readOnly: false,
        recursive: true,
      },
      warnings: [],
    });
  });

  test("takes a relative source from the working directory", () => {
    expect(volume("./x/../y:/data").value).toMatchObject({ source: "/home/me/y" });
    expect(volume("..:/data").value).toMatchObject({ source: "/home" });
  });

  test("knows ro, and ignores Z with a word", () => {
    const { value, warnings } = volume("/a:/b/:ro,Z");
    expect(value).toMatchObject({ target: "/b", readOnly: true });
    expect(warnings).toEqual([
      '--volume "/a:/b/:ro,Z": Z relabels files for SELinux: ignored, the files keep their labels',
    ]);
  });

  test.each([
    ["data:/data", '"data": named volumes are not there yet'],
    ["/data", '"/data": anonymous volumes are not there yet'],
    ["", '"" is not of the form SOURCE:TARGET[:ro|rw]'],
    ["data", '"data" is not of the form SOURCE:TARGET[:ro|rw]'],
    [":/data", '":/data" is not of the form'],
    ["/a:/b:ro:rw", "is not of the form"],
    ["/a:b", 'the target "b" is not an absolute path'],
    ["/a:/x/..", "the target / is the container's root file system itself"],
    ["/a:/b:toString", 'no option "toString"'],
    ["/a:/b:shared", 'no option "shared"'],
  ])("%p is refused", (text, message) => {
    expect(() => volume(text)).toThrow(message);
  });
});

describe("--mount", () => {
  test("says in words what -v says with colons", () => {
    const expected = volume("/a:/b:ro").value;
    expect(mount("type=bind,source=/a,target=/b,readonly")).toEqual(expected);
    expect(mount("type=bind,src=/a,dst=/b,ro=true")).toEqual(expected);
  });

  test("can leave out what is mounted below the source", () => {
    expect(mount("type=bind,src=/a,dst=/b,bind-recursive=disabled")).toMatchObject({
      recursive: false,
    });
  });

  test("makes a tmpfs of a size and a mode", () => {
    expect(mount("type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1777")).toEqual({
      type: "tmpfs",
      target: "/t",
      options: ["size=67108864", "mode=1777"],
    });
  });

  test.each([
    ["", "named volumes are not there yet"],
    ["source=v,target=/b", "named volumes are not there yet"],
    ["type=npipe,target=/b", 'type "npipe" is not one of bind, tmpfs'],
    ["type=bind,target=/b", "has no source"],
    ["type=bind,source=/a", "has no target"],
    ["type=bind,source=/a,target=/b,size=1", 'type=bind has no "size"'],
    ["type=bind,source=/a,target=/b,ro=maybe", 'readonly "maybe" is neither true nor false'],
    ["type=bind,source=/a,target=/b,bind-propagation=shared", "mounts are private"],
    ["type=tmpfs,target=/b,tmpfs-mode=rwx", '"rwx" is not an octal mode'],
  ])("%p is refused", (text, message) => {
    expect(() => mount(text)).toThrow(message);
  });
});

describe("--tmpfs", () => {
  test("keeps mount(8)'s options", () => {
    expect(parseTmpfs("--tmpfs", "/run:rw,noexec,size=64m,mode=1777")).toEqual({
      type: "tmpfs",
      target: "/run",
      options: ["rw", "noexec", "size=64m", "mode=1777"],
    });
    expect(parseTmpfs("--tmpfs", "/run")).toMatchObject({ options: [] });
  });

  test("refuses what tmpfs does not know, with what was meant", () => {
    expect(() => parseTmpfs("--tmpfs", "/run:noexce")).toThrow(
      expect.objectContaining({
        message: '--tmpfs: "noexce" is not an option of tmpfs',
        hint: "did you mean noexec?",
      }),
    );
    expect(() => parseTmpfs("--tmpfs", "/run:size=big")).toThrow('"size=big" is not an option');
    expect(() => parseTmpfs("--tmpfs", "run")).toThrow("is not an absolute path");
  });
});
