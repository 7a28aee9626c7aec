import { invalid } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";

/** What `--security-opt` says, as data; reading the profile's file is the engine's business. */
export type SecurityOptions = {
  /** On unless switched off. */
  noNewPrivileges: boolean;
  seccomp: { kind: "default" | "unconfined" } | { kind: "file"; path: string };
  /** The name of a loaded profile, or "unconfined"; undefined: the host's default. */
  apparmor: string | undefined;
  /** SELinux, docker's words: "disable", "type:container_t", "level:s0:c1,c2", … */
  label: string[];
  /** "unconfined": no masked and no read-only paths. */
  systemPaths: "default" | "unconfined";
};

type Parser = (options: SecurityOptions, value: string | undefined, text: string) => void;

const kinds: Readonly<Record<string, Parser>> = {
  "no-new-privileges": (options, value = "true", text) => {
    if (value !== "true" && value !== "false")
      throw invalid(`--security-opt ${text}: “${value}” is neither true nor false`);
    options.noNewPrivileges = value === "true";
  },
  seccomp: (options, value, text) => {
    const path = needed(value, text, "unconfined, builtin or a file");
    if (path === "unconfined") options.seccomp = { kind: "unconfined" };
    else if (path === "builtin" || path === "default") options.seccomp = { kind: "default" };
    else options.seccomp = { kind: "file", path };
  },
  apparmor: (options, value, text) => {
    options.apparmor = needed(value, text, "the name of a profile, or unconfined");
  },
  label: (options, value, text) => {
    const label = needed(value, text, "disable, or user:, role:, type: or level: and a value");
    if (!/^(disable|(user|role|type|level):.+)$/.test(label))
      throw invalid(
        `--security-opt ${text}: “${label}” is not a label`,
        "disable, or user:, role:, type: or level: and a value",
      );
    options.label.push(label);
  },
  systempaths: (options, value, text) => {
    if (value !== "unconfined") throw invalid(`--security-opt ${text}: only “unconfined” is known`);
    options.systemPaths = "unconfined";
  },
};

/**
 * Parses the values of `--security-opt`, docker's: `no-new-privileges[=true|false]`, `seccomp=unconfined|builtin|FILE`,
 * `apparmor=NAME`, `label=…`, `systempaths=unconfined`; `:` may stand for `=`. Later ones win.
 * @throws INVALID for anything else, naming the nearest
 */
export function parseSecurityOptions(texts: readonly string[]): SecurityOptions {
  const options: SecurityOptions = {
    noNewPrivileges: true,
    seccomp: { kind: "default" },
    apparmor: undefined,
    label: [],
    systemPaths: "default",
  };
  for (const text of texts) {
    const [, name = "", value] = /^([^=:]*)(?:[=:](.*))?$/s.exec(text) ?? [];
    const parse = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (!parse) throw unknown(text, name);
    parse(options, value, text);
  }
  return options;
}

function needed(value: string | undefined, text: string, what: string): string {
  if (!value) throw invalid(`--security-opt ${text}: a value is missing`, `it takes ${what}`);
  return value;
}

function unknown(text: string, name: string): Error {
  const known = Object.keys(kinds);
  const [near] = nearest(name, known, 1);
  return invalid(
    `--security-opt ${JSON.stringify(text)} is not known`,
    near ? `did you mean ${near}?` : `there are ${known.join(", ")}`,
  );
}
