import * as v from "valibot";
import type { UserNetwork } from "./user-networks.ts";

const schema = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/)),
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/)),
  created: v.pipe(v.string(), v.isoTimestamp()),
  subnet: v.string(),
  gateway: v.pipe(v.string(), v.ipv4()),
  internal: v.boolean(),
  isolated: v.boolean(),
  labels: v.record(v.string(), v.string()),
}) satisfies v.GenericSchema<UserNetwork>;

/** Parses; throws an Error about the first field that does not fit. */
export const parseNetwork = (text: string): UserNetwork => v.parse(schema, JSON.parse(text));
