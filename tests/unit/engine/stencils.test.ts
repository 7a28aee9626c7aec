import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { prepare, type Request } from "../../../src/engine/prepare.ts";
import { readStencil, writeStencil } from "../../../src/engine/stencil-file.ts";
import { prepareQuickly } from "../../../src/engine/stencils.ts";
import { encode } from "../../../src/launch/encode.ts";
import type { Ready } from "../../../src/launch/executor.ts";
import { BASE } from "../../../src/launch/memory.ts";
import { blanks } from "../../../src/launch/stencil.ts";
import type { ContainerOptions } from "../../../src/spec/options.ts";
import { FakeLauncher } from "../launch/fake-kernel.ts";

const scratch = mkdtempSync(`${tmpdir()}/kontener-stencils-`);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const paths = { lib: `${scratch}/lib`, run: `${scratch}/run` };
const host = {
  arch: "x86_64",
  kernel: [6, 18],
  uid: 0,
  bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_SYS_ADMIN"],
  upperOnTmpfs: false,
} as const;

function requestOf(id: string, hostname: string, options: Partial<ContainerOptions>): Request {
  const image = {
    name: "anything",
    layers: [scratch],
    mounts: [],
    config: { Env: ["PATH=/usr/bin:/bin"], Entrypoint: ["/init", "--"], Cmd: ["sh"] },
  };
  return {
    id,
    hostname,
    options: { image: "anything", network: "none", ...options },
    image,
    cable: undefined,
    idRange: undefined,
    scratch: `${paths.lib}/containers/${id}`,
    host,
    paths,
  };
}

/** As long as the blank, so that nothing else of the table moves. */
const command = "hello-world";
const kinds: Record<string, Partial<ContainerOptions>> = {
  "with no options": { entrypoint: [] },
  "with a host name of its own": { entrypoint: [], hostname: "given" },
  "with limits": { entrypoint: [], memory: 64 << 20, cpus: 0.5, pidsLimit: 10 },
  "for another user": { entrypoint: [], user: "1000:1000", workdir: "/work/deep" },
  "with an environment": { entrypoint: [], env: { PATH: "/a:/b:/c", NAME: "value" } },
  "with a reaper": { entrypoint: [], init: true },
  "with a terminal": { entrypoint: [], tty: true, interactive: true },
  "read-only, on the host's network": { entrypoint: [], readOnly: true, network: "host" },
  "on a network of the user's, with a port": {
    entrypoint: [],
    network: ["front", "back"],
    publish: [{ protocol: "tcp", containerPort: 80, hostPort: 8080 }],
    stopSignal: "SIGINT",
  },
  "with kernel parameters and limits": {
    entrypoint: [],
    sysctls: { "kernel.domainname": "example" },
    ulimits: [{ name: "nofile", soft: 10, hard: 20 }],
  },
};

for (const [kind, options] of Object.entries(kinds))
  for (const detached of [false, true]) {
    test(`a ${detached ? "detached " : ""}container ${kind} is born from a stencil as from its own plan, byte for byte`, async () => {
      const earlier = requestOf("0123456789ab", "mini-abcde", {
        ...options,
        command: ["true", "x"],
      });
      await prepareQuickly({ ...earlier, detached });
      const request = {
        ...requestOf("ba9876543210", options.hostname ?? "mini-vwxyz", {
          ...options,
          command: [command, "and", "arguments"],
        }),
        detached,
      };
      const quick = await prepareQuickly(request);
      const full = await prepare(request);
      const ready = quick.plan as Ready;
      expect(ready.bytes).toBeInstanceOf(Uint8Array);
      expect(quick.spec).toEqual(full.spec);
      expect(JSON.parse(quick.specText!)).toEqual(full.spec);
      expect(quick.warnings).toEqual(full.warnings);
      expect([ready.before, ready.birth]).toEqual([full.plan.before, full.plan.birth]);
      expect(await ready.plan()).toEqual(full.plan);

      // The same plan for a command without arguments is exactly as long as the stencil.
      const alone = await prepare({
        ...request,
        options: { ...request.options, command: [command] },
      });
      const { bytes: expected, stepOf } = encode(alone.plan, { detached });
      const launcher = new FakeLauncher(ready.bytes, "x86_64");
      const prefix = Buffer.from(ready.bytes.subarray(0, expected.length));
      for (let at = prefix.indexOf(blanks.command); at >= 0; at = prefix.indexOf(blanks.command))
        prefix.write(command, at);
      const steps = [...alone.plan.monitor, ...alone.plan.init];
      let executions = 0;
      for (let at = 64; at < expected.length; at += 72) {
        const step = steps[stepOf(at) ?? -1];
        if (step?.call !== "execve") continue;
        executions++;
        const [pathname, argv] = [16, 24].map((offset) => prefix.readUInt32LE(at + offset));
        expect(pathname).toBeGreaterThanOrEqual(BASE + expected.length);
        expect(launcher.text(pathname!)).toBe(step.pathname!);
        expect(launcher.texts(argv!)).toEqual([command, "and", "arguments"]);
        prefix.set(expected.subarray(at + 16, at + 32), at + 16);
      }
      expect(executions).toBeGreaterThan(0);
      expect(prefix.equals(expected)).toBe(true);
    });
  }

test("a command with a slash in its name is looked for nowhere else", async () => {
  const options = { entrypoint: [], command: ["./there/it", "is"] };
  await prepareQuickly(requestOf("0123456789ab", "mini-abcde", { ...options, command: ["/x"] }));
  const quick = await prepareQuickly(requestOf("ba9876543210", "mini-vwxyz", options));
  const bytes = Buffer.from((quick.plan as Ready).bytes);
  expect(bytes.includes("./there/it\0")).toBe(true);
  expect(bytes.includes("/usr/bin/")).toBe(false);
});

test("the image's entrypoint and command are filled in where none is given", async () => {
  const { spec } = await prepareQuickly(requestOf("0123456789ab", "mini-abcde", {}));
  expect(spec.process.args).toEqual(["/init", "--", "sh"]);
});

const noStencil: Record<string, Partial<ContainerOptions>> = {
  "binds a directory": {
    mounts: [{ type: "bind", source: "/", target: "/mnt", readOnly: true, recursive: true }],
  },
  "reads a seccomp profile": { securityOpts: ["seccomp=unconfined"] },
  "has a blank in its options": { labels: { note: blanks.id } },
};

for (const [what, options] of Object.entries(noStencil)) {
  test(`a container that ${what} has a plan of its own`, async () => {
    const { plan } = await prepareQuickly(requestOf("0123456789ab", "mini-abcde", options));
    expect("bytes" in plan).toBe(false);
  });
}

const template = {
  stencil: { table: new Uint8Array([1, 2, 3]), searches: [{ at: 64, directory: "/bin/" }] },
  text: '{"spec":{}}',
};

test("a stencil is read as it was written, by the program that wrote it", () => {
  writeStencil("a key", template, paths, "program 1");
  expect(readStencil("a key", paths, "program 1")).toEqual(template);
  expect(readStencil("a key", paths, "program 2")).toBeUndefined();
  expect(readStencil("another key", paths, "program 1")).toBeUndefined();
});

test("a torn stencil is as good as none", () => {
  writeStencil("torn", template, paths, "program 1");
  for (const name of readdirSync(`${paths.run}/stencils`))
    writeFileSync(`${paths.run}/stencils/${name}`, "\x09\0\0\0\0\0\0\0{}");
  expect(readStencil("torn", paths, "program 1")).toBeUndefined();
});

test("at most 64 stencils are kept", () => {
  for (let i = 0; i < 150; i++) writeStencil(`key ${i}`, template, paths, "program 1");
  expect(readdirSync(`${paths.run}/stencils`).length).toBeLessThanOrEqual(64);
  expect(readStencil("key 149", paths, "program 1")).toEqual(template);
});
