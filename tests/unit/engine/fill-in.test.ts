import { expect, test } from "bun:test";
import { Form } from "../../../src/engine/fill-in.ts";
import { blanks } from "../../../src/launch/stencil.ts";

const fill = { id: "0123456789ab", hostname: "mini-abcde", argv: [] };

test("a form is filled in wherever it has a blank, and again for the next", () => {
  const form = new Form({
    path: `/a/${blanks.id}/b/${blanks.id}`,
    list: [1, null, [`HOSTNAME=${blanks.hostname}`], true],
  });
  const filled = {
    path: "/a/0123456789ab/b/0123456789ab",
    list: [1, null, ["HOSTNAME=mini-abcde"], true],
  };
  expect(form.fill(fill)).toEqual(filled);
  expect(form.fill({ ...fill, id: "ba9876543210" }).path).toBe("/a/ba9876543210/b/ba9876543210");
  expect(form.fill(fill)).toEqual(filled);
});

test("what has no blank is not copied, and what has one is never shared", () => {
  const profile = { names: ["read", "write"] };
  const form = new Form({ profile, own: { id: blanks.id } });
  const [one, other] = [form.fill(fill), form.fill(fill)];
  expect(one.profile).toBe(profile);
  expect(one.own).not.toBe(other.own);
});
