import { invalid } from "../abi/error.ts";
import { tryReadText } from "../linux/files.ts";
import { findLogins, type AuthFile } from "./auth-file.ts";
import type { Credentials } from "./challenge.ts";
import { askHelper } from "./helper.ts";
import { home } from "./settings.ts";

type Env = Record<string, string | undefined>;

/** docker's file: the one that login writes. */
export const dockerConfigFile = (env: Env): string =>
  `${env["DOCKER_CONFIG"] || `${home(env)}/.docker`}/config.json`;

/** Where logins may be, in order: docker's place, then podman's. `REGISTRY_AUTH_FILE` is meant instead of all. */
export function authFiles(env: Env): string[] {
  const only = env["REGISTRY_AUTH_FILE"];
  if (only) return [only];
  const runtime = env["XDG_RUNTIME_DIR"] || `/run/containers/${process.getuid?.() ?? 0}`;
  const config = env["XDG_CONFIG_HOME"] || `${home(env)}/.config`;
  return [
    dockerConfigFile(env),
    ...(env["XDG_RUNTIME_DIR"] ? [`${runtime}/containers/auth.json`] : [`${runtime}/auth.json`]),
    `${config}/containers/auth.json`,
  ];
}

/** @throws KontenerError `INVALID` that names the file */
export function readAuthFile(file: string): AuthFile | undefined {
  const text = tryReadText(file);
  if (text === undefined || text.trim() === "") return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) return parsed;
  } catch (error) {
    throw invalid(`${file} is not JSON: ${(error as Error).message}`, "repair it, or remove it");
  }
  throw invalid(`${file} is no JSON object`, "repair it, or remove it");
}

/** The login that there is for a repository, if any. */
export async function credentialsFor(
  registry: string,
  repository: string,
  env: Env = process.env,
): Promise<Credentials | undefined> {
  for (const file of authFiles(env)) {
    for (const found of findLogins(readAuthFile(file) ?? {}, registry, repository)) {
      if ("credentials" in found) return found.credentials;
      const credentials = await askHelper(found.helper, found.key, env);
      if (credentials) return credentials;
    }
  }
  return undefined;
}
