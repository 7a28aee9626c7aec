import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import fc from "fast-check";
import type { Paths } from "../../../src/linux/paths.ts";
import { parseSubnet } from "../../../src/network/address.ts";
import {
  listLeases,
  releaseLease,
  releaseLeasesOf,
  takeLease,
} from "../../../src/network/lease.ts";

const subnet = parseSubnet("10.1.2.0/28");
let paths: Paths;
beforeEach(() => {
  const directory = mkdtempSync(`${tmpdir()}/kontener-lease-`);
  paths = { lib: directory, run: directory };
});
afterEach(() => rmSync(paths.run, { recursive: true }));

test("a lease is taken, listed and given back", () => {
  expect(listLeases(paths)).toEqual([]);
  expect(takeLease("one", paths, subnet)).toBe("10.1.2.2");
  expect(takeLease("two", paths, subnet)).toBe("10.1.2.3");
  expect(listLeases(paths)).toContainEqual({ address: "10.1.2.3", id: "two" });
  releaseLease("10.1.2.2", paths);
  releaseLease("10.1.2.2", paths); // a second time is no error
  expect(listLeases(paths)).toEqual([{ address: "10.1.2.3", id: "two" }]);
  releaseLeasesOf("two", paths);
  expect(listLeases(paths)).toEqual([]);
});

test("leases of another subnet are not counted in this one", () => {
  takeLease("one", paths, parseSubnet("10.9.9.0/24"));
  expect(listLeases(paths, subnet)).toEqual([]);
  expect(listLeases(paths)).toHaveLength(1);
});

test("an exhausted subnet is said in words, with what to do", () => {
  for (let i = 0; i < 13; i++) takeLease(`c${i}`, paths, subnet);
  expect(() => takeLease("one too many", paths, subnet)).toThrow(
    expect.objectContaining({
      message: "all 13 addresses of the subnet 10.1.2.0/28 are in use",
      hint: expect.stringContaining("KONTENER_SUBNET"),
    }),
  );
});

test("whatever is taken and given back, no address has two owners", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -8, max: 8 }), { maxLength: 40 }), (actions) => {
      const owned = new Map<string, string>();
      for (const action of actions) {
        if (action < 0) {
          const address = [...owned.keys()][-action - 1];
          if (address === undefined) continue;
          releaseLease(address, paths);
          owned.delete(address);
        } else if (owned.size < 13) {
          const address = takeLease(`id${action}`, paths, subnet);
          expect(owned).not.toContainKey(address);
          owned.set(address, `id${action}`);
        }
      }
      expect(new Map(listLeases(paths).map(({ address, id }) => [address, id]))).toEqual(owned);
      for (const address of owned.keys()) releaseLease(address, paths);
    }),
    { numRuns: 50 },
  );
});

test("processes that take leases at the same time never get the same", async () => {
  const lease = new URL("../../../src/network/lease.ts", import.meta.url).pathname;
  const script = `
    import { takeLease } from ${JSON.stringify(lease)};
    const paths = { lib: "", run: ${JSON.stringify(paths.run)} };
    for (let i = 0; i < 25; i++) console.log(takeLease(process.pid + "-" + i, paths));`;
  const children = Array.from({ length: 4 }, () =>
    Bun.spawn([process.execPath, "-e", script], { stdio: ["ignore", "pipe", "inherit"] }),
  );
  const outputs = await Promise.all(children.map((child) => child.stdout.text()));
  const addresses = outputs.join("").trim().split("\n");
  expect(addresses).toHaveLength(100);
  expect(new Set(addresses).size).toBe(100);
});
