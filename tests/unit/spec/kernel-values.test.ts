import { expect, test } from "bun:test";
import { parseOomScoreAdj, parseSysctl, parseUlimit } from "../../../src/spec/kernel-values.ts";
import { isAddress, parseAddHost, parseAddress } from "../../../src/spec/net-values.ts";

test("--ulimit has a soft and a hard limit, or one for both", () => {
  expect(parseUlimit("--ulimit", "nofile=1024:2048")).toEqual({
    name: "nofile",
    soft: 1024,
    hard: 2048,
  });
  expect(parseUlimit("--ulimit", "core=0")).toEqual({ name: "core", soft: 0, hard: 0 });
  expect(parseUlimit("--ulimit", "memlock=-1")).toEqual({ name: "memlock", soft: -1, hard: -1 });
});

test.each([
  ["nofiles=1", '--ulimit "nofiles" is not a resource'],
  ["nofile", "is not of the form KEY=VALUE"],
  ["nofile=", "is not of the form nofile=SOFT[:HARD]"],
  ["nofile=1:2:3", "is not of the form nofile=SOFT[:HARD]"],
  ["nofile=2:1", "the soft limit is above the hard limit"],
  ["nofile=-1:1", "the soft limit is above the hard limit"],
])("--ulimit %p is refused", (text, message) => {
  expect(() => parseUlimit("--ulimit", text)).toThrow(message);
});

test("--sysctl reads both of sysctl(8)'s separators, and no path", () => {
  expect(parseSysctl("--sysctl", "net/core/somaxconn=128")).toEqual(["net.core.somaxconn", "128"]);
  for (const name of ["net..core", "../net.core", "net.", "somaxconn", "net.core\n"])
    expect(() => parseSysctl("--sysctl", `${name}=1`)).toThrow("is not a kernel parameter's name");
});

test("an IP address is told from everything else", () => {
  for (const text of ["1.1.1.1", "255.255.255.255", "::1", "2001:db8::1", "::ffff:10.0.0.1"])
    expect([text, isAddress(text)]).toEqual([text, true]);
  for (const text of [
    "",
    "1.1.1",
    "1.1.1.256",
    "01.1.1.1",
    "1.1.1.1 ",
    ":",
    ":::",
    "::1]",
    "fe80::1%eth0",
  ])
    expect([text, isAddress(text)]).toEqual([text, false]);
  expect(() => parseAddress("--dns", "resolver")).toThrow('--dns "resolver" is not an IP address');
});

test("--add-host takes names with addresses of both families", () => {
  expect(parseAddHost("--add-host", "db:10.0.0.2")).toEqual({ host: "db", address: "10.0.0.2" });
  expect(parseAddHost("--add-host", "db=::1")).toEqual({ host: "db", address: "::1" });
  expect(parseAddHost("--add-host", "db:[::1]")).toEqual({ host: "db", address: "::1" });
  expect(parseAddHost("--add-host", "up:host-gateway").address).toBe("host-gateway");
  expect(() => parseAddHost("--add-host", "db")).toThrow("is not of the form HOST:ADDRESS");
  expect(() => parseAddHost("--add-host", "db:gateway")).toThrow(
    '"gateway" is neither an IP address nor host-gateway',
  );
});

test("--oom-score-adj is a whole number from -1000 to 1000", () => {
  const parse = (text: string) => parseOomScoreAdj("--oom-score-adj", text);
  expect(["-1000", "0", "1000"].map(parse)).toEqual([-1000, 0, 1000]);
  for (const text of ["1001", "-1001", "1.5", "", "+1", "1e2"])
    expect(() => parse(text)).toThrow("is not a whole number from -1000 to 1000");
});
