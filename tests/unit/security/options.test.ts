import { expect, test } from "bun:test";
import { parseSecurityOptions } from "../../../src/security/options.ts";

test("without options everything is on", () => {
  expect(parseSecurityOptions([])).toEqual({
    noNewPrivileges: true,
    seccomp: { kind: "default" },
    apparmor: undefined,
    label: [],
    systemPaths: "default",
  });
});

test("no-new-privileges is switched on and off, with = or docker's older colon", () => {
  const value = (text: string) => parseSecurityOptions([text]).noNewPrivileges;
  expect(value("no-new-privileges")).toBe(true);
  expect(value("no-new-privileges=true")).toBe(true);
  expect(value("no-new-privileges=false")).toBe(false);
  expect(value("no-new-privileges:false")).toBe(false);
});

test("seccomp is a word or a file", () => {
  const value = (text: string) => parseSecurityOptions([text]).seccomp;
  expect(value("seccomp=unconfined")).toEqual({ kind: "unconfined" });
  expect(value("seccomp=builtin")).toEqual({ kind: "default" });
  expect(value("seccomp=./a=b:c.json")).toEqual({ kind: "file", path: "./a=b:c.json" });
});

test("labels add up, of the others the last one counts", () => {
  const options = parseSecurityOptions([
    "label=type:container_t",
    "label=level:s0:c1,c2",
    "apparmor=first",
    "apparmor=unconfined",
    "systempaths=unconfined",
  ]);
  expect(options.label).toEqual(["type:container_t", "level:s0:c1,c2"]);
  expect(options.apparmor).toBe("unconfined");
  expect(options.systemPaths).toBe("unconfined");
});

test("what is not known is refused, never passed over", () => {
  const refused = (text: string) => expect(() => parseSecurityOptions([text]));
  refused("no-new-privilege").toThrow("is not known");
  refused("").toThrow("is not known");
  refused("toString=1").toThrow("is not known");
  refused("no-new-privileges=maybe").toThrow("neither true nor false");
  refused("seccomp").toThrow("a value is missing");
  refused("seccomp=").toThrow("a value is missing");
  refused("apparmor=").toThrow("a value is missing");
  refused("label=nonsense").toThrow("is not a label");
  refused("systempaths=all").toThrow("only “unconfined”");
});
