import { afterAll } from "bun:test";
import { readdirSync } from "node:fs";
import { describeAsRoot } from "../support.ts";
import { attackedEngine, testAttacks } from "./attack.ts";

/** What listens on the host: for itself alone, or for the network. */
describeAsRoot("a program in a container", () => {
  const engine = attackedEngine(64);
  const listen = (hostname: string): number => {
    const server = Bun.listen({ hostname, port: 0, socket: { data() {} } });
    afterAll(() => server.stop(true));
    return server.port;
  };
  const [own, everybody] = [listen("127.0.0.1"), listen("0.0.0.0")];
  const abstract = `kontener-attack-${process.pid}`;
  const unix = Bun.listen({ unix: `\0${abstract}`, socket: { data() {} } });
  afterAll(() => unix.stop(true));

  const host = ["--network", "host"];
  const gateway = `10.213.64.1`;
  testAttacks(engine, () => [
    {
      to: "reach a service of the host's loopback",
      script: `nc -w 2 127.0.0.1 ${own} < /dev/null`,
      off: host,
    },
    {
      to: "reach a service of the host's loopback by the bridge's address",
      // $PORT is the one thing that differs: a service for everybody is reached in this way.
      script: `nc -w 2 ${gateway} $PORT < /dev/null`,
      with: ["--network", "bridge", "-e", `PORT=${own}`],
      off: ["-e", `PORT=${everybody}`],
    },
    {
      to: "reach the host's loopback with a route of its own",
      script: `ip route add 127.0.0.0/8 via ${gateway} 2> /dev/null; ip addr del 127.0.0.1/8 dev lo 2> /dev/null; nc -w 2 127.0.0.1 ${own} < /dev/null`,
      on: ["--network", "bridge"],
      off: host,
    },
    {
      to: "connect to an abstract socket of the host's",
      script: `/probe abstract_socket ${abstract}`,
      off: host,
    },
    { to: "list the host's sockets", script: `grep -q ${abstract} /proc/net/unix`, off: host },
    {
      to: "see the host's network interfaces",
      script: `[ "$(ls /sys/class/net | wc -l)" -gt 1 ]`,
      off: host,
      lack: readdirSync("/sys/class/net").length > 1 ? undefined : "the host has only lo",
    },
  ]);
});
