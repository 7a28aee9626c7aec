import { isCall } from "../../../src/plan/step.ts";
import { expect, test } from "bun:test";
import { unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lower } from "../../../src/launch/arguments.ts";
import { annotations } from "../../../src/oci/annotations.ts";
import type { RuntimeSpec } from "../../../src/oci/runtime-spec.ts";
import { buildPlan } from "../../../src/plan/build.ts";
import { signatures, type CallName, type Kind } from "../../../src/plan/signatures.ts";

/** The memory that the plan's arguments point to: what the kernel's headers call it. */
const structs: Partial<Record<`${CallName}.${string}`, string>> = {
  "capset.hdrp": "struct __user_cap_header_struct",
  "capset.datap": "struct __user_cap_data_struct[2]",
  "ioctl.argp SIOCSIFFLAGS": "struct ifreq",
  "ioctl.argp TIOCSPTLCK": "int",
  "mount_setattr.attr": "struct mount_attr",
  "prlimit64.new_limit": "struct rlimit64",
  "rt_sigaction.act": "struct sigaction",
  "rt_sigprocmask.set": "sigset_t",
  "setgroups.list": "gid_t[2]",
};

const source = `
#define _SYS_SOCKET_H /* the C library's, which clashes with the kernel's headers */
struct sockaddr { unsigned short family; char data[14]; };
#include <asm/signal.h>
#include <asm/termbits.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <linux/mount.h>
#include <linux/resource.h>
#include <linux/types.h>
typedef __kernel_gid32_t gid_t;
int printf(const char *, ...);
int main(void) {
${Object.values(structs)
  .map((type) => `printf("%zu\\n", sizeof(${type}));`)
  .join("\n")}
}`;

/** sizeof, as the C compiler says with the kernel's headers. */
function sizes(): number[] {
  const program = join(tmpdir(), `kontener-sizes-${process.pid}`);
  const cc = Bun.spawnSync(["cc", "-x", "c", "-", "-o", program], { stdin: Buffer.from(source) });
  if (!cc.success) throw new Error(cc.stderr.toString());
  try {
    return Bun.spawnSync([program]).stdout.toString().trim().split("\n").map(Number);
  } finally {
    unlinkSync(program);
  }
}

const caps = ["CAP_CHOWN"];
const spec: RuntimeSpec = {
  ociVersion: "1.2.0",
  hostname: "box",
  root: { path: "/merged" },
  process: {
    terminal: true,
    user: { uid: 1, gid: 1, additionalGids: [5, 6] },
    args: ["sh"],
    env: [],
    cwd: "/",
    capabilities: {
      bounding: caps,
      effective: caps,
      permitted: caps,
      inheritable: [],
      ambient: caps,
    },
    rlimits: [{ type: "RLIMIT_NOFILE", soft: 1, hard: 2 }],
  },
  mounts: [{ destination: "/mnt", type: "bind", source: "/srv" }],
  linux: { namespaces: [{ type: "network" }] },
  annotations: { [annotations.layers]: "[]", [annotations.scratch]: "/scratch" },
};

const missing = Bun.which("cc") === null;
if (missing) console.error("the sizes of structures are not held against the headers: no cc");

test.skipIf(missing)(
  "memory that a plan's arguments point to has the size of the kernel's structure",
  () => {
    const facts = { files: new Set<string>(), dieWithParent: true, before: [], birth: [] };
    const found: Record<string, number> = {};
    for (const step of buildPlan(spec, facts).init) {
      if (!isCall(step)) continue;
      const fields = step as unknown as Record<string, unknown>;
      for (const [name, kind] of Object.entries(signatures[step.call]) as [string, Kind][]) {
        const value = lower(kind, fields[name], "x86_64", () => 0);
        const request = step.call === "ioctl" ? ` ${step.request}` : "";
        if (value instanceof Uint8Array) found[`${step.call}.${name}${request}`] = value.length;
      }
    }
    const expected = sizes();
    const declared = Object.keys(structs).map((name, i) => [name, expected[i]!] as const);
    expect(found).toEqual(Object.fromEntries(declared));
  },
);
