import * as v from "valibot";
import { invalid } from "../abi/error.ts";
import type { ContainerOptions } from "./options.ts";
import { checkOptions } from "./rules.ts";

/*
 * The shape of ContainerOptions where it comes from outside TypeScript: the API called from JavaScript, JSON. Flags do
 * not pass here, their parsers make the right shape (src/cli/argv.ts): valibot costs 1.2 ms of a cold start (compiled).
 */

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(0));
const limit = v.union([natural, v.literal("unlimited")]);
const texts = v.array(v.string());
const textRecord = v.record(v.string(), v.string());
const namespace = v.picklist(["private", "host"]);
/** -1 is no limit, as in {@link parseUlimit}. */
const rlimit = v.pipe(v.number(), v.safeInteger(), v.minValue(-1));

const mount = v.variant("type", [
  v.strictObject({
    type: v.literal("bind"),
    source: v.string(),
    target: v.string(),
    readOnly: v.boolean(),
    recursive: v.boolean(),
  }),
  v.strictObject({ type: v.literal("tmpfs"), target: v.string(), options: texts }),
  v.strictObject({
    type: v.literal("volume"),
    name: v.exactOptional(v.string()),
    target: v.string(),
    readOnly: v.boolean(),
    noCopy: v.exactOptional(v.boolean()),
  }),
]);

const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));
const published = v.strictObject({
  hostIp: v.exactOptional(v.pipe(v.string(), v.ipv4())),
  hostPort: v.exactOptional(port),
  containerPort: port,
  protocol: v.picklist(["tcp", "udp"]),
});

const device = v.strictObject({ source: v.string(), target: v.string(), access: v.string() });
const deviceRule = v.strictObject({
  type: v.picklist(["a", "c", "b"]),
  major: v.exactOptional(natural),
  minor: v.exactOptional(natural),
  access: v.pipe(v.string(), v.regex(/^[rwm]{1,3}$/, "letters of rwm")),
});

export const optionsSchema = v.strictObject({
  image: v.string(),
  rootfs: v.exactOptional(v.string()),
  command: v.exactOptional(texts),
  entrypoint: v.exactOptional(texts),
  name: v.exactOptional(v.string()),
  hostname: v.exactOptional(v.string()),
  domainname: v.exactOptional(v.string()),
  oomScoreAdj: v.exactOptional(v.pipe(v.number(), v.safeInteger())),
  memory: v.exactOptional(limit),
  memorySwap: v.exactOptional(limit),
  cpus: v.exactOptional(v.number()),
  pidsLimit: v.exactOptional(limit),
  env: v.exactOptional(textRecord),
  workdir: v.exactOptional(v.string()),
  user: v.exactOptional(v.string()),
  mounts: v.exactOptional(v.array(mount)),
  readOnly: v.exactOptional(v.boolean()),
  network: v.exactOptional(v.union([v.string(), v.pipe(texts, v.minLength(1))])),
  ip: v.exactOptional(v.string()),
  networkAliases: v.exactOptional(texts),
  publish: v.exactOptional(v.array(published)),
  publishAll: v.exactOptional(v.boolean()),
  isolated: v.exactOptional(v.boolean()),
  dns: v.exactOptional(v.array(v.pipe(v.string(), v.ip()))),
  addHosts: v.exactOptional(v.array(v.strictObject({ host: v.string(), address: v.string() }))),
  pid: v.exactOptional(namespace),
  uts: v.exactOptional(namespace),
  ipc: v.exactOptional(namespace),
  cgroupns: v.exactOptional(namespace),
  userns: v.exactOptional(
    v.union([v.picklist(["host", "auto"]), v.strictObject({ start: natural, size: natural })]),
  ),
  interactive: v.exactOptional(v.boolean()),
  tty: v.exactOptional(v.boolean()),
  ulimits: v.exactOptional(
    v.array(v.strictObject({ name: v.string(), soft: rlimit, hard: rlimit })),
  ),
  sysctls: v.exactOptional(textRecord),
  init: v.exactOptional(v.boolean()),
  keep: v.exactOptional(v.boolean()),
  memoryReservation: v.exactOptional(natural),
  cpuShares: v.exactOptional(natural),
  cpusetCpus: v.exactOptional(v.string()),
  cpusetMems: v.exactOptional(v.string()),
  devices: v.exactOptional(v.array(device)),
  deviceCgroupRules: v.exactOptional(v.array(deviceRule)),
  groupAdd: v.exactOptional(texts),
  shmSize: v.exactOptional(natural),
  capAdd: v.exactOptional(texts),
  capDrop: v.exactOptional(texts),
  privileged: v.exactOptional(v.boolean()),
  securityOpts: v.exactOptional(texts),
  labels: v.exactOptional(textRecord),
  health: v.exactOptional(
    v.union([
      v.literal("none"),
      v.strictObject({
        command: v.exactOptional(v.string()),
        interval: v.exactOptional(milliseconds),
        timeout: v.exactOptional(milliseconds),
        retries: v.exactOptional(natural),
        startPeriod: v.exactOptional(milliseconds),
        startInterval: v.exactOptional(milliseconds),
      }),
    ]),
  ),
  stopSignal: v.exactOptional(v.string()),
  stopTimeout: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(-1))),
}) satisfies v.GenericSchema<ContainerOptions>;

/**
 * Options from an unknown value, their shape and their rules checked.
 *
 * @throws KontenerError INVALID, one sentence that names the field
 */
export function parseOptions(input: unknown): ContainerOptions {
  const result = v.safeParse(optionsSchema, input, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw invalid(`${v.getDotPath(issue) ?? "options"}: ${issue.message}`);
  }
  checkOptions(result.output);
  return result.output;
}
