import { expect, test } from "bun:test";
import { checkUserNamespace, parseUserns } from "../../../src/spec/userns.ts";

test("--userns takes auto, host, and a range as first user and size", () => {
  expect(parseUserns("--userns", "auto")).toBe("auto");
  expect(parseUserns("--userns", "host")).toBe("host");
  expect(parseUserns("--userns", "100000:65536")).toEqual({ start: 100_000, size: 65_536 });
});

test.each(["100000", "100000-165535", "0:100000:65536", ":", "-1:5"])(
  "--userns %s is no range, and the message shows one",
  (text) => expect(() => parseUserns("--userns", text)).toThrow("is not a range of users"),
);

test("a range is above the host's root, large enough for an image's users, and within what a number holds", () => {
  const check = (start: number, size: number) => () =>
    checkUserNamespace({ image: "x", userns: { start, size } });
  expect(check(1, 1000)).not.toThrow();
  expect(check(2 ** 32 - 1 - 65_536, 65_536)).not.toThrow();
  expect(check(0, 65_536)).toThrow("begins with the host's root");
  expect(check(100_000, 999)).toThrow("has fewer than 1000 users");
  expect(check(2 ** 32 - 65_536, 65_536)).toThrow("goes beyond the last user");
});
