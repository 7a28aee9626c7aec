import { afterAll, beforeAll, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { macOf } from "../../../src/network/address.ts";
import { linkName } from "../../../src/network/link-name.ts";
import { describeAsRoot, eventually, noCompiler, testUnless, type Finished } from "../support.ts";
import { attackedEngine } from "./attack.ts";
import { arpFrame, udpFrame, type Addressed } from "./frames.ts";

const tc = Bun.which("tc");
const noTc = tc ? undefined : "no tc(8); apt-get install iproute2";

type Neighbour = { id: string; address: string };

describeAsRoot("a container on the bridge", () => {
  const engine = attackedEngine(65);
  const gateway = "10.213.65.1";
  const texts: string[] = [];
  let socket: Bun.udp.Socket<"buffer">;
  beforeAll(async () => {
    const data = (_: unknown, bytes: Buffer, __: number, source: string): void =>
      void texts.push(`${bytes.toString()} from ${source}`);
    socket = await Bun.udpSocket({ socket: { data } });
  });
  afterAll(() => socket.close());

  const must = async (...args: string[]): Promise<string> => {
    const finished = await engine.run(args);
    if (finished.exitCode !== 0) throw new Error(`${args.join(" ")}: ${finished.stderr}`);
    return finished.stdout.trim();
  };
  const start = async (...flags: string[]): Promise<Neighbour> => {
    const probe = ["-v", `${engine.probe}:/probe:ro`];
    const id = await must("run", "-d", ...probe, ...flags, "busybox", "sleep", "300");
    return { id, address: await must("exec", id, "hostname", "-i") };
  };
  const inside = ({ id }: Neighbour, ...command: string[]): Promise<Finished> =>
    engine.run(["exec", id, ...command]);
  const send = (by: Neighbour, frame: string): Promise<string> =>
    must("exec", by.id, "/probe", "send_frame", frame);
  const ping = async (by: Neighbour, address: string): Promise<boolean> =>
    (await inside(by, "ping", "-c1", "-W1", address)).exitCode === 0;
  /** Takes the filter from a container's cable, as one that was never there. */
  const unprotect = ({ id }: Neighbour): void => {
    const done = Bun.spawnSync([tc!, "qdisc", "del", "dev", linkName(id), "ingress"]);
    expect(done.stderr.toString()).toBe("");
  };
  const arrives = (text: string): Promise<boolean> =>
    eventually(() => texts.includes(text), 500).then(
      () => true,
      () => false,
    );

  /** A datagram to the gateway with forged names on it: none arrives, but one in the container's own name does. */
  const forges = async (what: string, forge: (own: Addressed) => Partial<Addressed>) => {
    const attacker = await start();
    const { address } = attacker;
    const own = { from: address, to: gateway, fromMac: macOf(address), toMac: macOf(gateway) };
    const forged = { ...own, ...forge(own) };
    const attack = async (text: string): Promise<boolean> => {
      await send(attacker, udpFrame(forged, socket.port, `${what} ${text}`));
      return await arrives(`${what} ${text} from ${forged.from}`);
    };
    await send(attacker, udpFrame(own, socket.port, `${what} own`));
    expect(await arrives(`${what} own from ${address}`)).toBe(true);
    expect(await attack("with the filter")).toBe(false);
    unprotect(attacker);
    expect(await attack("without it")).toBe(true);
  };

  const possible = testUnless(noCompiler ?? noTc);

  possible("cannot send with another container's address", () =>
    forges("address", () => ({ from: "10.213.65.99" })),
  );

  possible("cannot send with another container's MAC", () =>
    forges("MAC", () => ({ fromMac: macOf("10.213.65.99") })),
  );

  possible("cannot send as another container altogether", () =>
    forges("both", () => ({ from: "10.213.65.99", fromMac: macOf("10.213.65.99") })),
  );

  possible("cannot forge an address by a raw IP socket either", async () => {
    const attacker = await start();
    const forged = "10.213.65.98";
    const sources = (): string[] => texts.filter((text) => text.endsWith(`from ${forged}`));
    const attack = (): Promise<string> =>
      must("exec", attacker.id, "/probe", "forge_address", forged, gateway, `${socket.port}`);
    await attack();
    await Bun.sleep(200);
    expect(sources()).toEqual([]);
    unprotect(attacker);
    await attack();
    await eventually(() => sources().length > 0);
  });

  possible("cannot tell the host by ARP that another container's address is its own", async () => {
    const [attacker, victim] = [await start(), await start()];
    expect(await ping(victim, gateway)).toBe(true); // now the host knows the victim's MAC
    const known = (): string | undefined =>
      readFileSync("/proc/net/arp", "utf8")
        .split("\n")
        .map((line) => line.split(/ +/))
        .find(([address]) => address === victim.address)?.[3];
    expect(known()).toBe(macOf(victim.address));
    const lie = { from: victim.address, to: gateway, toMac: macOf(gateway) };
    const own = macOf(attacker.address);
    const attack = async (): Promise<boolean> => {
      await Bun.sleep(1100); // the kernel believes no second answer within a second (locktime, arp(7))
      await send(attacker, arpFrame({ ...lie, fromMac: own }));
      return await eventually(() => known() === own, 500).then(
        () => true,
        () => false,
      );
    };
    expect(await attack()).toBe(false);
    unprotect(attacker);
    expect(await attack()).toBe(true);
  });

  possible("isolated, reaches the gateway and no container; without the flag it does", async () => {
    const [one, other] = [await start("--isolated"), await start("--isolated")];
    const [open, another] = [await start(), await start()];
    expect(await ping(one, gateway)).toBe(true);
    expect(await ping(one, other.address)).toBe(false);
    expect(await ping(one, open.address)).toBe(false);
    expect(await ping(open, one.address)).toBe(false); // it arrives, and the answer does not
    expect(await ping(open, another.address)).toBe(true);
  });

  possible("isolated, does not get to another by way of the host either", async () => {
    const [one, other] = [await start("--isolated"), await start("--isolated")];
    const { address } = one;
    const frame = (text: string): string =>
      udpFrame(
        { from: address, to: other.address, fromMac: macOf(address), toMac: macOf(gateway) },
        4000,
        text,
      );
    const listener = inside(other, "timeout", "6", "nc", "-u", "-l", "-p", "4000");
    await eventually(async () =>
      (await inside(other, "sh", "-c", "cat /proc/net/udp*")).stdout.includes(":0FA0 "),
    );
    await send(one, frame("with the filter\n"));
    unprotect(one); // the port stays isolated
    await send(one, frame("without it\n"));
    expect((await listener).stdout).toBe("without it\n");
  });
});
