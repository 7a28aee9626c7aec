import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { KontenerError } from "../../../src/abi/error.ts";
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

  test("is a volume where the source is a name, and one of the container's own where there is none", () => {
    expect(volume("data:/srv").value).toEqual({
      type: "volume",
      name: "data",
      target: "/srv",
      readOnly: false,
    });
    expect(volume("data:/srv:ro,nocopy").value).toMatchObject({ readOnly: true, noCopy: true });
    expect(volume("/srv").value).toEqual({ type: "volume", target: "/srv", readOnly: false });
  });

  test("whatever is written is a mount or one clear sentence", () => {
    const word = fc.oneof(
      fc.constantFrom("data", "/a", "./b", "..", "ro", "nocopy", "rbind", "", "~", "\u0000", "é"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        const text = words.join(":");
        try {
          const { value } = volume(text);
          expect(value.target).toMatch(/^\//);
          if (value.type === "volume") expect(value.name ?? "x").toMatch(/^[a-zA-Z0-9][\w.-]*$/);
        } catch (error) {
          expect(error).toBeInstanceOf(KontenerError);
          expect((error as Error).message).not.toContain("\n");
        }
      }),
    );
  });

  test.each([
    ["", '"" is not of the form SOURCE:TARGET[:ro|rw]'],
    ["data", '"data" says not where'],
    ["da/ta:/data", '"da/ta" is not a volume\'s name'],
    ["data:/data:rbind", "rbind is for paths, and this is a volume"],
    ["/a:/b:nocopy", "nocopy is for volumes, and this is a path"],
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

  test("is a volume where no type is given, as in docker", () => {
    expect(mount("source=v,target=/b,volume-nocopy")).toEqual({
      type: "volume",
      name: "v",
      target: "/b",
      readOnly: false,
      noCopy: true,
    });
    expect(mount("target=/b")).toEqual({ type: "volume", target: "/b", readOnly: false });
  });

  test("makes a tmpfs of a size and a mode", () => {
    expect(mount("type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1777")).toEqual({
      type: "tmpfs",
      target: "/t",
      options: ["size=67108864", "mode=1777"],
    });
  });

  test.each([
    ["", 'type=volume has no ""'],
    ["source=../v,target=/b", '"../v" is not a volume\'s name'],
    ["type=npipe,target=/b", 'type "npipe" is not one of bind, volume, tmpfs'],
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
