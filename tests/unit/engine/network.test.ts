import { expect, test } from "bun:test";
import { imagineCable } from "../../../src/engine/network.ts";
import { chooseAddress } from "../../../src/network/address.ts";
import { networkSettings } from "../../../src/network/settings.ts";
import { formatStep } from "../../../src/plan/format.ts";
import { shellOf } from "../../../src/plan/shell.ts";
import type { ContainerOptions } from "../../../src/spec/options.ts";

const paths = { lib: "/nonexistent/lib", run: "/nonexistent/run" };
const { bridge, subnet } = networkSettings(); // of whoever runs the tests
const address = chooseAddress(subnet, new Set());
const config = { ExposedPorts: { "80/tcp": {}, "53/udp": {} } };

const published = async (options: Partial<ContainerOptions>): Promise<string[]> => {
  const all = { image: "busybox", ...options };
  const { steps } = await imagineCable("0123456789ab", all, paths, config);
  return steps
    .filter(({ call }) => call === "publish")
    .flatMap((step) => [formatStep(step), shellOf(step)!]);
};

test("what is published is a step of the plan, with the command that does the same", async () => {
  const publish = [
    { hostIp: "127.0.0.1", hostPort: 8080, containerPort: 80, protocol: "tcp" as const },
  ];
  expect(await published({ publish })).toEqual([
    `publish("${bridge}", 127.0.0.1:8080->80/tcp)`,
    `nft add rule ip ${bridge} ports ip daddr 127.0.0.1 tcp dport 8080 dnat to ${address}:80`,
  ]);
  expect(await published({})).toEqual([]);
});

test("--publish-all publishes what the image exposes and --publish has not", async () => {
  const [step] = await published({
    publishAll: true,
    publish: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }],
  });
  expect(step).toBe(`publish("${bridge}", 0.0.0.0:8080->80/tcp, 0.0.0.0:32768->53/udp)`);
});

test("a network that is not there is an error that says how to make it", async () => {
  const cable = imagineCable("0123456789ab", { image: "busybox", network: "blue" }, paths);
  await expect(cable).rejects.toMatchObject({
    message: 'there is no network "blue"',
    hint: "kontener network create blue",
  });
});
