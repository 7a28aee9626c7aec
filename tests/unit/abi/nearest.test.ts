import { expect, test } from "bun:test";
import { nearest } from "../../../src/abi/nearest.ts";

const commands = ["run", "sh", "start", "stop", "inspect", "prepare"];

test("nearest() names what a word may have been meant to be, the likeliest first", () => {
  expect(nearest("strat", commands)).toEqual(["start"]);
  expect(nearest("stp", commands)[0]).toBe("stop");
  expect(nearest("INSPCT", commands)).toEqual(["inspect"]);
  expect(nearest("stat", commands, 1)).toEqual(["start"]);
});

test("nearest() forgives two letters that changed places", () => {
  expect(nearest("sl", ["slattach", "sleep", "sv", "ls"])[0]).toBe("ls");
  expect(nearest("pre", ["per", "prepare"])).toEqual(["per", "prepare"]);
});

test("nearest() takes a beginning for the word itself", () => {
  expect(nearest("insp", commands)).toEqual(["inspect"]);
  expect(nearest("st", commands, 2)).toEqual(["start", "stop"]);
});

test("nearest() is silent where nothing is near", () => {
  expect(nearest("kubernetes", commands)).toEqual([]);
  expect(nearest("run", [])).toEqual([]);
});
