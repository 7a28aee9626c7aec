#!/usr/bin/env bun
/**
 * Runs the tests, or any command, in a throw-away guest with pure cgroup v2 (or v1) and the checkout at /src:
 *
 *     bun tasks/test-vm.ts
 *     bun tasks/test-vm.ts 'cat /sys/fs/cgroup/cgroup.controllers'
 *     bun tasks/test-vm.ts --cgroup v1 'bun test tests/system/cgroup.test.ts'
 *     bun tasks/test-vm.ts --arch aarch64 'bun test tests/unit/launch'
 *
 * Needs root on Debian with apt; the first use installs QEMU and builds the guest. The exit code is the command's, 124
 * after `--timeout` seconds, 125 where the guest came to nothing. Nothing in the guest's way runs at its usual speed.
 */
import { parseArgs } from "node:util";
import { boot } from "./vm/boot.ts";
import { guests, type Arch } from "./vm/guest.ts";
import { guestImage } from "./vm/image.ts";

/** Under emulation Bun has to do without its JIT, and so without FFI: of the arm64 engine the launcher can be run. */
const launcher = ["arm64", "program", "listing", "table", "encode", "protocol"]
  .map((name) => `tests/unit/launch/${name}.test.ts`)
  .join(" ");

const tests: Record<Arch, string> = {
  x86_64: "bun test --timeout 120000 tests/unit tests/system",
  aarch64: `bun test --timeout 120000 ${launcher} tests/unit/abi tests/unit/plan`,
};

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    arch: { type: "string", default: "x86_64" },
    cgroup: { type: "string", default: "v2" },
    timeout: { type: "string", default: "900" },
  },
});
const arch = values.arch as Arch;
const cgroup = values.cgroup as "v1" | "v2";
const valid =
  Object.hasOwn(guests, arch) && ["v1", "v2"].includes(cgroup) && Number(values.timeout) > 0;
if (!valid || positionals.length > 1) {
  console.error(
    "usage: bun tasks/test-vm.ts [--arch x86_64|aarch64] [--cgroup v1|v2] [--timeout SECONDS] ['command']",
  );
  process.exit(2);
}
const image = await guestImage(arch);
const command = positionals[0] ?? tests[arch];
process.exitCode = await boot({ arch, image, cgroup, command, timeout: Number(values.timeout) });
