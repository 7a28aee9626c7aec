import { expect, test } from "bun:test";
import { isAnonymous, namedMounts, ownVolumes } from "../../../src/oci/volumes.ts";

const id = "0123456789ab";
const targets = (mounts: ReturnType<typeof namedMounts>) =>
  mounts.map((mount) => [mount.target, mount.type === "volume" ? mount.name : mount.type]);

test("a volume without a name gets one that says whose it is and where", () => {
  const mounts = [
    { type: "volume", target: "/var/lib/data", readOnly: false },
    { type: "volume", name: "shared", target: "/srv", readOnly: false },
  ] as const;
  expect(targets(namedMounts({ mounts: [...mounts] }, {}, id))).toEqual([
    ["/var/lib/data", "0123456789ab-var-lib-data"],
    ["/srv", "shared"],
  ]);
  expect(ownVolumes({ mounts: [...mounts] }, {}, id)).toEqual(["0123456789ab-var-lib-data"]);
});

test("what the image declares is a volume, unless something else is mounted there", () => {
  const Volumes = { "/data": {}, "/logs/": {}, relative: {}, "/a/../../b": {}, "/": {} };
  const mounts = [{ type: "tmpfs" as const, target: "/logs", options: [] }];
  expect(targets(namedMounts({ mounts }, { Volumes }, id))).toEqual([
    ["/logs", "tmpfs"],
    ["/data", "0123456789ab-data"],
  ]);
});

test.each(["/proc", "/proc/sys/kernel", "/sys/fs", "/dev/shm", "//proc", "/./proc", "/x/../proc"])(
  "an image's volume on %p is not made: the engine writes there (CVE-2025-52881)",
  (path) => expect(namedMounts({}, { Volumes: { [path]: {} } }, id)).toEqual([]),
);

test("places that look alike have different names, all of them file names", () => {
  const places = ["/a-b", "/a/b", "/a b", "/a_20b", "/ä", "/a.b"];
  const names = places.flatMap((target) =>
    ownVolumes({ mounts: [{ type: "volume", target, readOnly: false }] }, {}, id),
  );
  expect(new Set(names).size).toBe(places.length);
  for (const name of names) expect(name).toMatch(/^[0-9a-f]{12}-[\w.-]+$/);
  expect(names.every(isAnonymous)).toBe(true);
});
