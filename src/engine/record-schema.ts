import * as v from "valibot";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { optionsSchema } from "../spec/options-schema.ts";
import type { Record } from "./record.ts";
import type { Health } from "./health.ts";
import type { State } from "./state.ts";

/*
 * The shapes of the files in a container's directory. What is read is what an engine wrote, maybe another version of it,
 * maybe half of it: here it becomes a value or an error in words. Loaded only when something is read: valibot costs
 * 1.2 ms of a cold start.
 */

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{12}$/, "not a container's id"));
const path = v.pipe(v.string(), v.startsWith("/"));

// A field that came later has a default: a record of an older engine is one.
const recordSchema = v.strictObject({
  id,
  name: v.string(),
  hostname: v.string(),
  image: v.string(),
  imageId: v.optional(v.nullable(v.string()), null),
  created: v.pipe(v.string(), v.isoTimestamp()),
  command: v.array(v.string()),
  idle: v.optional(v.boolean(), false),
  engine: natural,
  scratch: v.nullable(path),
  keep: v.boolean(),
  link: v.nullable(v.string()),
  options: optionsSchema,
  detached: v.boolean(),
  autoRemove: v.boolean(),
  logs: v.nullable(
    v.strictObject({ directory: path, maxSize: v.nullable(natural), maxFiles: natural }),
  ),
  volumes: v.optional(v.array(v.string()), []),
  restart: v.nullable(
    v.strictObject({
      when: v.picklist(["on-failure", "always", "unless-stopped"]),
      most: v.nullable(natural),
    }),
  ),
}) satisfies v.GenericSchema<unknown, Record>;

const stateSchema = v.strictObject({
  pid: natural,
  ticks: natural,
  started: v.pipe(v.string(), v.isoTimestamp()),
  address: v.nullable(v.pipe(v.string(), v.ip())),
}) satisfies v.GenericSchema<State>;

const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(0));
const time = v.pipe(v.string(), v.isoTimestamp());
const healthSchema = v.strictObject({
  check: v.strictObject({
    command: v.array(v.string()),
    interval: milliseconds,
    timeout: milliseconds,
    retries: natural,
    startPeriod: milliseconds,
    startInterval: milliseconds,
  }),
  Status: v.picklist(["starting", "healthy", "unhealthy"]),
  FailingStreak: natural,
  Log: v.array(
    v.strictObject({ Start: time, End: time, ExitCode: v.number(), Output: v.string() }),
  ),
}) satisfies v.GenericSchema<Health>;

/** Of a specification only what is read again; the rest goes through untouched. */
const specSchema = v.looseObject({
  ociVersion: v.string(),
  process: v.looseObject({
    user: v.looseObject({ uid: natural, gid: natural }),
    args: v.array(v.string()),
    env: v.array(v.string()),
    cwd: v.string(),
  }),
  linux: v.looseObject({ namespaces: v.array(v.looseObject({ type: v.string() })) }),
});

/** Parses; throws an Error of one sentence about the first field that does not fit. */
function parseWith<T>(schema: v.GenericSchema<unknown, T>, text: string): T {
  const result = v.safeParse(schema, JSON.parse(text), { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Error(`${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
}

export const parseRecord = (text: string): Record => parseWith(recordSchema, text);
export const parseState = (text: string): State => parseWith(stateSchema, text);
export const parseHealth = (text: string): Health => parseWith(healthSchema, text);
export const parseSpec = (text: string): RuntimeSpec =>
  parseWith(specSchema, text) as unknown as RuntimeSpec;
