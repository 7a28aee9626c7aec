import { expect, test } from "bun:test";
import { release } from "node:os";
import { capabilities } from "../../../src/abi/capability.ts";
import { readHost } from "../../../src/engine/host.ts";

test("readHost() tells what this machine is", () => {
  const host = readHost("/var/lib/kontener");
  expect(release()).toStartWith(host.kernel.join("."));
  expect(host.uid).toBe(process.getuid!());
  expect(["x86_64", "aarch64"]).toContain(host.arch);
  for (const name of host.bounding) expect<readonly string[]>(capabilities).toContain(name);
});

test("readHost() takes a state directory that is not there yet for part of the nearest one that is", () => {
  expect(readHost("/no/such/directory").upperOnTmpfs).toBe(readHost("/").upperOnTmpfs);
});

test("readHost() knows that a file system in memory is not an overlay", () => {
  expect(readHost("/dev/shm").upperOnTmpfs).toBe(false);
});
