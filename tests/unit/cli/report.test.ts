import { expect, test } from "bun:test";
import { invalid } from "../../../src/abi/error.ts";
import { errorText } from "../../../src/cli/report.ts";

test("an error of ours is a sentence and advice, without a stack", () => {
  expect(errorText(invalid("no such thing", "make one"), false)).toEqual({
    message: "no such thing",
    hint: "make one",
  });
  expect(errorText(invalid("no such thing"), false)).toEqual({ message: "no such thing" });
});

test("any other error is a bug in one line, and its stack is shown on request", () => {
  const bug = new TypeError("x is not a function");
  expect(errorText(bug, false)).toEqual({
    message: "this is a bug in kontener: x is not a function",
    hint: "KONTENER_DEBUG=1 shows where it happened",
  });
  expect(errorText(bug, true).message).toContain("report.test.ts");
  expect(errorText("thrown", false).message).toBe("this is a bug in kontener: thrown");
});
