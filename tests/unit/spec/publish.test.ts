import { expect, test } from "bun:test";
import fc from "fast-check";
import { KontenerError } from "../../../src/abi/error.ts";
import { parsePort, parsePublish, type PortOption } from "../../../src/spec/publish.ts";

const parse = (text: string): PortOption[] => parsePublish("--publish", text);

test("--publish takes docker's forms", () => {
  expect(parse("80")).toEqual([{ containerPort: 80, protocol: "tcp" }]);
  expect(parse("8080:80")).toEqual([{ hostPort: 8080, containerPort: 80, protocol: "tcp" }]);
  expect(parse("127.0.0.1::53/udp")).toEqual([
    { hostIp: "127.0.0.1", containerPort: 53, protocol: "udp" },
  ]);
  expect(parse("0.0.0.0:1:2")).toEqual([{ hostPort: 1, containerPort: 2, protocol: "tcp" }]);
  expect(parse("8000-8001:80-81")).toEqual([
    { hostPort: 8000, containerPort: 80, protocol: "tcp" },
    { hostPort: 8001, containerPort: 81, protocol: "tcp" },
  ]);
});

const port = fc.integer({ min: 1, max: 65535 });

test("whatever is written comes back", () => {
  fc.assert(
    fc.property(
      fc.option(fc.ipV4().filter((ip) => ip !== "0.0.0.0")),
      fc.option(port),
      port,
      fc.constantFrom("tcp" as const, "udp" as const),
      (ip, hostPort, containerPort, protocol) => {
        const host =
          ip === null ? (hostPort === null ? "" : `${hostPort}:`) : `${ip}:${hostPort ?? ""}:`;
        expect(parse(`${host}${containerPort}/${protocol}`)).toEqual([
          {
            ...(ip === null ? {} : { hostIp: ip }),
            ...(hostPort === null ? {} : { hostPort }),
            containerPort,
            protocol,
          },
        ]);
      },
    ),
  );
});

test("anything else is one sentence, never a crash", () => {
  const odd = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(..."0123456789:-./[]tcpudp") }),
  );
  fc.assert(
    fc.property(odd, (text) => {
      try {
        for (const { containerPort, hostPort = 1 } of parse(text)) {
          expect(containerPort).toBeWithin(1, 65536);
          expect(hostPort).toBeWithin(1, 65536);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(KontenerError);
        expect((error as KontenerError).message).toStartWith("--publish ");
      }
    }),
    { numRuns: 2000 },
  );
});

test("one port is one port", () => {
  expect(parsePort("port", "80")).toEqual({ containerPort: 80, protocol: "tcp" });
  for (const text of ["1-2", "8080:80", "127.0.0.1::80"])
    expect(() => parsePort("port", text)).toThrow("is not one port");
});
