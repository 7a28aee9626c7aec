import { homedir } from "node:os";
import { invalid } from "../abi/error.ts";
import { tryReadText } from "../linux/files.ts";

/** What an administrator says about registries, in the words of docker's daemon.json. */
export type Settings = {
  /** Asked before Docker Hub, in this order. */
  mirrors: string[];
  /** Hosts with plain http, or with a certificate that nobody vouches for. */
  insecure: string[];
};

const DEFAULT_FILE = "/etc/kontener/registries.json";

/**
 * `KONTENER_REGISTRIES`, by default /etc/kontener/registries.json:
 * `{ "registry-mirrors": ["https://mirror.example"], "insecure-registries": ["host:5000"] }`
 *
 * @throws KontenerError `INVALID` that names the file
 */
export function readSettings(env: Record<string, string | undefined> = process.env): Settings {
  const file = env["KONTENER_REGISTRIES"] || DEFAULT_FILE;
  const text = tryReadText(file);
  return text === undefined ? { mirrors: [], insecure: [] } : parseSettings(text, file);
}

export function parseSettings(text: string, file: string): Settings {
  const wrong = (why: string) =>
    invalid(`${file}: ${why}`, 'it looks like {"registry-mirrors": ["https://mirror.example"]}');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw wrong((error as Error).message);
  }
  if (typeof parsed !== "object" || parsed === null) throw wrong("it is no JSON object");
  const known = ["registry-mirrors", "insecure-registries"];
  const other = Object.keys(parsed).find((key) => !known.includes(key));
  if (other !== undefined) throw wrong(`there is no setting ${JSON.stringify(other)}`);
  const list = (key: string): string[] => {
    const value = (parsed as Record<string, unknown>)[key] ?? [];
    if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value;
    throw wrong(`${key} is no list of texts`);
  };
  const mirrors = list("registry-mirrors");
  const bad = mirrors.find((mirror) => !/^https?:\/\/[^/]+\/?$/.test(mirror));
  if (bad !== undefined) throw wrong(`${JSON.stringify(bad)} is no http(s) URL of a host`);
  return { mirrors, insecure: list("insecure-registries") };
}

export const home = (env: Record<string, string | undefined>): string => env["HOME"] || homedir();
