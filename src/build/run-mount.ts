/** `RUN --mount=…` (docs.docker.com/reference/dockerfile, "RUN --mount"). */
export type RunMount =
  | {
      type: "cache";
      id: string;
      target: string;
      readOnly: boolean;
      sharing: Sharing;
      uid: number;
      gid: number;
      mode: number;
    }
  | { type: "bind"; from?: string; source: string; target: string; readOnly: true }
  | { type: "tmpfs"; target: string; size?: string }
  | {
      type: "secret";
      id: string;
      target?: string;
      env?: string;
      required: boolean;
      uid: number;
      gid: number;
      mode: number;
    };

/** What another build does that wants the same cache meanwhile: uses it too, waits, or gets another one. */
export type Sharing = (typeof sharings)[number];
const sharings = ["shared", "locked", "private"] as const;

const keys: Record<RunMount["type"], readonly string[]> = {
  cache: ["id", "target", "readonly", "sharing", "uid", "gid", "mode"],
  bind: ["target", "source", "from", "readonly"],
  tmpfs: ["target", "size"],
  secret: ["id", "target", "env", "required", "uid", "gid", "mode"],
};

const aliases: Record<string, string> = {
  dst: "target",
  destination: "target",
  src: "source",
  ro: "readonly",
};

/** @throws Error that says what is wrong */
export function parseRunMount(text: string): RunMount {
  const fields = new Map<string, string>();
  for (const part of text.split(",")) {
    const [, key = "", value = "true"] = /^([a-z]+)(?:=([\s\S]*))?$/.exec(part) ?? [];
    if (key === "") throw new Error(`--mount has ${JSON.stringify(part)}, which is no KEY=VALUE`);
    if (key === "rw" || key === "readwrite") throw new Error(`--mount: ${key} is not there`);
    fields.set(aliases[key] ?? key, value);
  }
  const type = (fields.get("type") ?? "bind") as RunMount["type"];
  fields.delete("type");
  if (!Object.hasOwn(keys, type)) throw new Error(`--mount=type=${type} is not there`);
  for (const key of fields.keys())
    if (!keys[type].includes(key)) throw new Error(`--mount=type=${type} has no ${key}`);
  return make(type, fields);
}

function make(type: RunMount["type"], fields: ReadonlyMap<string, string>): RunMount {
  const number = (key: string, base: number, standard: number): number => {
    const value = fields.get(key);
    const parsed = value === undefined ? standard : Number.parseInt(value, base);
    if (!(parsed >= 0)) throw new Error(`--mount: ${key}=${value} is no number`);
    return parsed;
  };
  const target = fields.get("target");
  if (type === "secret") {
    const id = fields.get("id") ?? target?.split("/").at(-1);
    if (!id) throw new Error("--mount=type=secret needs an id");
    const env = fields.get("env");
    return {
      type,
      id,
      ...(target !== undefined
        ? { target }
        : env === undefined
          ? { target: `/run/secrets/${id}` }
          : {}),
      ...(env === undefined ? {} : { env }),
      required: fields.get("required") === "true",
      uid: number("uid", 10, 0),
      gid: number("gid", 10, 0),
      mode: number("mode", 8, 0o400),
    };
  }
  if (!target) throw new Error(`--mount=type=${type} needs a target`);
  const readOnly = fields.get("readonly") === "true";
  if (type === "tmpfs") {
    const size = fields.get("size");
    return { type, target, ...(size === undefined ? {} : { size }) };
  }
  if (type === "cache") {
    const ids = {
      uid: number("uid", 10, 0),
      gid: number("gid", 10, 0),
      mode: number("mode", 8, 0o755),
    };
    const word = fields.get("sharing") ?? "shared";
    const sharing = sharings.find((name) => name === word);
    if (!sharing) throw new Error(`--mount: sharing=${word} is none of ${sharings.join(", ")}`);
    return { type, id: fields.get("id") ?? target, target, readOnly, sharing, ...ids };
  }
  const from = fields.get("from");
  return {
    type,
    ...(from === undefined ? {} : { from }),
    source: fields.get("source") ?? "/",
    target,
    readOnly: true,
  };
}
