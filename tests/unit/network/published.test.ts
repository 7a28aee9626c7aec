import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { iptablesNat, nftRules } from "../../../src/network/firewall.ts";
import {
  ANY,
  forgetPublished,
  formatPublished,
  listPublished,
  notePublished,
  rivalOf,
  type Published,
} from "../../../src/network/published.ts";
import { chooseSubnet } from "../../../src/network/user-networks.ts";
import { formatSubnet, parseSubnet } from "../../../src/network/address.ts";

const port: Published = {
  protocol: "tcp",
  hostIp: ANY,
  hostPort: 8080,
  id: "0123456789ab",
  address: "10.111.0.2",
  containerPort: 80,
  bridge: "kontener0",
};
const names = { bridge: "kontener0", cidr: "10.111.0.0/16" };

let directory = "";
beforeEach(() => (directory = mkdtempSync(`${tmpdir()}/kontener-ports-`)));
afterEach(() => rmSync(directory, { recursive: true }));

test("a port is noted, listed and forgotten, and has one owner", () => {
  const paths = { lib: directory, run: directory };
  expect(listPublished(paths)).toEqual([]);
  notePublished(port, paths);
  expect(() => notePublished({ ...port, id: "ba9876543210" }, paths)).toThrow("EEXIST");
  symlinkSync("nonsense", `${directory}/network/ports/what`);
  expect(listPublished(paths)).toEqual([port]);
  expect(listPublished(paths, "ba9876543210")).toEqual([]);
  expect(formatPublished(port)).toBe("0.0.0.0:8080->80/tcp");
  forgetPublished(port, paths);
  forgetPublished(port, paths); // gone is gone
  expect(listPublished(paths)).toEqual([]);
});

test("ports are rivals where one address can be both", () => {
  const rival = (other: Partial<Published>) => rivalOf({ ...port, ...other }, [port]) !== undefined;
  expect(rival({})).toBe(true);
  expect(rival({ hostIp: "127.0.0.1" })).toBe(true);
  expect(rival({ hostPort: 8081 })).toBe(false);
  expect(rival({ protocol: "udp" })).toBe(false);
  expect(
    rivalOf({ ...port, hostIp: "127.0.0.2" }, [{ ...port, hostIp: "127.0.0.1" }]),
  ).toBeUndefined();
});

test("without ports nothing is translated that comes in, with them only what is for the host", () => {
  expect(nftRules(names)).not.toMatch(/dnat|prerouting|127\.0/);
  const rules = nftRules({
    ...names,
    ports: [port, { ...port, hostIp: "127.0.0.1", hostPort: 1 }],
  });
  expect(rules).toContain("    tcp dport 8080 dnat to 10.111.0.2:80\n");
  expect(rules).toContain("    ip daddr 127.0.0.1 tcp dport 1 dnat to 10.111.0.2:80\n");
  expect(rules).toMatch(
    /prerouting priority[^}]*ip daddr 127\.0\.0\.0\/8 return\n *fib daddr type local jump ports\n/,
  );
  expect(iptablesNat({ ...names, ports: [port] })).toContain(
    "-A kontener0-ports -p tcp --dport 8080 -j DNAT --to-destination 10.111.0.2:80\n",
  );
});

test("an internal network's rules accept nothing and translate nothing on the way out", () => {
  const rules = nftRules({ ...names, internal: true });
  expect(rules).not.toMatch(/ accept\n|masquerade/);
  expect(rules).toContain('iifname "kontener0" drop');
});

test("a network without a subnet gets the first that nobody uses; a taken one is refused", () => {
  const taken = [{ to: parseSubnet("10.112.0.0/23"), of: "eth1" }];
  expect(formatSubnet(chooseSubnet(undefined, []))).toBe("10.112.0.0/24");
  expect(formatSubnet(chooseSubnet(undefined, taken))).toBe("10.112.2.0/24");
  expect(() => chooseSubnet("10.112.1.0/24", taken)).toThrow("collides with 10.112.0.0/23 of eth1");
});
