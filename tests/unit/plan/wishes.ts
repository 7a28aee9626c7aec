import fc from "fast-check";
import type { Wish } from "./fixtures.ts";

/** `return ALLOW`, as one struct sock_filter. */
export const seccompFilter = Uint8Array.of(0x06, 0, 0, 0, 0, 0, 0xff, 0x7f);

const path = fc
  .array(fc.constantFrom("a", "b", "srv", "data", "x y"), { minLength: 1, maxLength: 3 })
  .map((parts) => `/${parts.join("/")}`);
const shared = fc.constantFrom("private" as const, "host" as const);
const mount = fc.oneof(
  fc.record({
    type: fc.constant("bind" as const),
    source: path,
    target: path,
    readOnly: fc.boolean(),
    recursive: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("tmpfs" as const),
    target: path,
    options: fc.constant<string[]>([]),
  }),
);

/** Whatever a user may ask for, as far as the plan depends on it. */
export const wishes: fc.Arbitrary<Wish> = fc.record(
  {
    pid: shared,
    uts: shared,
    ipc: shared,
    cgroupns: shared,
    network: fc.constantFrom("bridge" as const, "none" as const, "host" as const),
    userns: fc.constant({ start: 100_000, size: 65_536 }),
    rootfs: fc.constant("/srv/tree"),
    command: fc.constantFrom("/bin/sh", "ls -l").map((text) => text.split(" ")),
    workdir: path,
    // Two mounts at one place are refused long before there is a plan.
    mounts: fc.uniqueArray(mount, { selector: ({ target }) => target, maxLength: 4 }),
    readOnly: fc.boolean(),
    tty: fc.boolean(),
    init: fc.boolean(),
    uid: fc.constantFrom(0, 1000),
    sysctls: fc.constant({ "net.core.somaxconn": "9" }),
    ulimits: fc.constant([{ name: "nofile", soft: 10, hard: 20 }]),
    inMemory: fc.boolean(),
    noNewPrivileges: fc.boolean(),
    filter: fc.constant(seccompFilter),
  },
  { requiredKeys: [] },
);
