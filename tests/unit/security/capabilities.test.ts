import { describe, expect, test } from "bun:test";
import { capabilities } from "../../../src/abi/capability.ts";
import { KontenerError } from "../../../src/abi/error.ts";
import {
  capabilityMask,
  capabilityName,
  capabilitySets,
  defaultCapabilities,
  type CapabilityRequest,
} from "../../../src/security/capabilities.ts";

const sets = (request: Partial<CapabilityRequest> = {}) =>
  capabilitySets({ add: [], drop: [], privileged: false, uid: 0, ...request });

describe("root", () => {
  test("has docker's fourteen, bounding, effective and permitted, and nothing else", () => {
    const fourteen = [...defaultCapabilities];
    expect(fourteen).toHaveLength(14);
    expect(sets()).toEqual({
      bounding: fourteen,
      effective: fourteen,
      permitted: fourteen,
      inheritable: [],
      ambient: [],
    });
  });
  test("is given and denied single ones, by any spelling", () => {
    const { bounding } = sets({ add: ["net_admin", "CAP_SYS_TIME"], drop: ["Mknod", "cap_chown"] });
    expect(bounding).toContain("CAP_NET_ADMIN");
    expect(bounding).toContain("CAP_SYS_TIME");
    expect(bounding).not.toContain("CAP_MKNOD");
    expect(bounding).not.toContain("CAP_CHOWN");
    expect(bounding).toHaveLength(14);
  });
  test("ALL and names mix as in docker", () => {
    expect(sets({ drop: ["all"] }).bounding).toEqual([]);
    expect(sets({ drop: ["ALL"], add: ["KILL"] }).bounding).toEqual(["CAP_KILL"]);
    expect(sets({ add: ["ALL"] }).bounding).toEqual([...capabilities]);
    expect(sets({ add: ["ALL"], drop: ["SYS_ADMIN"] }).bounding).toEqual(
      capabilities.filter((name) => name !== "CAP_SYS_ADMIN"),
    );
    expect(sets({ add: ["KILL"], drop: ["KILL"] }).bounding).toContain("CAP_KILL");
  });
  test("has everything when privileged, whatever is dropped", () => {
    expect(sets({ privileged: true, drop: ["ALL"] }).effective).toEqual([...capabilities]);
  });
});

describe("another user", () => {
  test("has the bounding set as a ceiling, and no power", () => {
    expect(sets({ uid: 1000 })).toEqual({
      bounding: [...defaultCapabilities],
      effective: [],
      permitted: [],
      inheritable: [],
      ambient: [],
    });
  });
  test("has what was added by name, ambient and so across execve", () => {
    const asked = sets({ uid: 1000, add: ["NET_BIND_SERVICE"] });
    for (const set of ["effective", "permitted", "inheritable", "ambient"] as const)
      expect(asked[set]).toEqual(["CAP_NET_BIND_SERVICE"]);
  });
});

describe("a host that lacks some", () => {
  const available = capabilities.filter((name) => name !== "CAP_MKNOD" && name !== "CAP_SYS_TIME");
  test("does not fail a start for a default or for ALL", () => {
    expect(sets({ available }).bounding).toHaveLength(13);
    expect(sets({ available, add: ["ALL"] }).bounding).toEqual([...available]);
    expect(sets({ available, privileged: true }).bounding).toEqual([...available]);
  });
  test("says so where one was asked for by name", () => {
    expect(() => sets({ available, add: ["SYS_TIME"] })).toThrow("CAP_SYS_TIME cannot be given");
  });
});

test("an unknown name is an error that lists the nearest", () => {
  const hint = (text: string): string | undefined => {
    try {
      capabilityName(text);
    } catch (error) {
      expect(error).toBeInstanceOf(KontenerError);
      expect((error as KontenerError).message).toBe(`there is no capability “${text}”`);
      return (error as KontenerError).hint;
    }
    return undefined;
  };
  expect(hint("SYS_ADMN")).toStartWith("did you mean CAP_SYS_ADMIN");
  expect(hint("netraw")).toStartWith("did you mean CAP_NET_RAW");
  expect(hint("net_bind")).toStartWith("did you mean CAP_NET_BIND_SERVICE");
  expect(hint("everything at all")).toBe("capabilities(7) lists them; ALL is all of them");
  expect(hint("")).toBeDefined();
  expect(capabilityName("sys_admin")).toBe("CAP_SYS_ADMIN");
});

test("a set is 64 bits in two halves, as capset(2) takes it", () => {
  expect(capabilityMask([])).toEqual([0, 0]);
  expect(capabilityMask(["CAP_CHOWN", "CAP_KILL"])).toEqual([0b100001, 0]);
  expect(capabilityMask(["CAP_SETFCAP"])).toEqual([2 ** 31, 0]);
  expect(capabilityMask(["CAP_MAC_OVERRIDE", "CAP_CHECKPOINT_RESTORE"])).toEqual([0, 1 + 2 ** 8]);
  expect(capabilityMask(defaultCapabilities)).toEqual([0xa80425fb, 0]); // docker's CapBnd
  expect(capabilityMask(capabilities)).toEqual([0xffffffff, 0x1ff]);
});
