import { describe, expect, test } from "bun:test";
import { matches, parseFilter } from "../../../src/cli/ps-filters.ts";
import type { Entry } from "../../../src/engine/list.ts";

const entry = (name: string, created: string, more: object = {}, options: object = {}) =>
  ({
    record: { id: `${name}0123`, name, created, image: "busybox", options },
    status: "running",
    ...more,
  }) as unknown as Entry;

const labels = { tier: "front", owner: "" };
const all = [
  entry("web", "2026-01-03", {}, { labels, network: "none" }),
  entry("my-web", "2026-01-02", { status: "exited", exit: { code: 3 } }),
  entry("db", "2026-01-01", { status: "paused" }, { mounts: [{ type: "tmpfs", target: "/data" }] }),
];
const found = (...filters: string[]) =>
  all.filter((one) => matches(one, filters.map(parseFilter), all)).map(({ record }) => record.name);

describe("ps --filter", () => {
  test("name is a regular expression, as in docker", () => {
    expect(found("name=web")).toEqual(["web", "my-web"]);
    expect(found("name=^web$")).toEqual(["web"]);
  });
  test("filters of one key are alternatives, of several keys all hold, and each label has to be there", () => {
    expect(found("status=paused", "status=exited")).toEqual(["my-web", "db"]);
    expect(found("status=running", "name=db")).toEqual([]);
    expect(found("label=tier=front", "label=owner")).toEqual(["web"]);
    expect(found("label=tier=front", "label=none")).toEqual([]);
  });
  test("exited, network, volume, ancestor, before and since", () => {
    expect(found("exited=3")).toEqual(["my-web"]);
    expect(found("network=none")).toEqual(["web"]);
    expect(found("volume=/data")).toEqual(["db"]);
    expect(found("ancestor=busybox")).toHaveLength(3);
    expect(found("before=web")).toEqual(["my-web", "db"]);
    expect(found("since=db")).toEqual(["web", "my-web"]);
  });
  for (const wrong of ["nam=x", "status=up", "exited=x", "name=[", "id=", "before=nobody"])
    test(`${wrong} is an error in words`, () => expect(() => found(wrong)).toThrow(/--filter/));
});
