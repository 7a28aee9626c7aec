import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  realpathSync,
  existsSync,
} from "node:fs";
import { dirname } from "node:path";
import { encodeLogin, keyOf, keysFor, type AuthFile } from "./auth-file.ts";
import type { Credentials } from "./challenge.ts";
import { authFiles, dockerConfigFile, readAuthFile } from "./credentials.ts";
import { endpointOf, type TrustOptions } from "./endpoint.ts";
import { eraseFromHelper, storeInHelper } from "./helper.ts";
import { Session } from "./session.ts";
import { readSettings } from "./settings.ts";

type Env = Record<string, string | undefined>;

/**
 * Shows the credentials to the registry and, if it takes them, keeps them where docker does. Returns the file, or the
 * helper.
 *
 * @throws KontenerError where the registry does not take them; nothing is kept then
 */
export async function login(
  registry: string,
  credentials: Credentials,
  { tlsVerify = true, env = process.env }: TrustOptions & { env?: Env } = {},
): Promise<string> {
  const loose = !tlsVerify || readSettings(env).insecure.includes(registry);
  const session = new Session(endpointOf(registry, loose), {
    name: registry,
    scopes: [],
    credentials: async () => credentials,
  });
  using _reply = await session.request("", { step: "take the login" });
  const file = env["REGISTRY_AUTH_FILE"] || dockerConfigFile(env);
  const config = readAuthFile(file) ?? {};
  const helper = helperOf(config, registry);
  if (helper !== undefined) {
    await storeInHelper(helper, keyOf(registry), credentials, env);
    return `docker-credential-${helper}`;
  }
  config.auths = { ...config.auths, [keyOf(registry)]: encodeLogin(credentials) };
  writeAuthFile(file, config);
  return file;
}

/** Forgets the login, wherever it is kept. Returns where it was. */
export async function logout(registry: string, env: Env = process.env): Promise<string[]> {
  const places: string[] = [];
  for (const file of authFiles(env)) {
    const config = readAuthFile(file);
    if (!config) continue;
    const helper = helperOf(config, registry);
    if (helper !== undefined && (await eraseFromHelper(helper, keyOf(registry), env)))
      places.push(`docker-credential-${helper}`);
    const keys = keysFor(registry).filter((key) => Object.hasOwn(config.auths ?? {}, key));
    if (keys.length === 0) continue;
    for (const key of keys) delete config.auths![key];
    writeAuthFile(file, config);
    places.push(file);
  }
  return places;
}

const helperOf = ({ credHelpers = {}, credsStore }: AuthFile, registry: string) =>
  keysFor(registry)
    .map((key) => (Object.hasOwn(credHelpers, key) ? credHelpers[key] : undefined))
    .find((helper) => helper !== undefined) ?? credsStore;

/** Whole or not at all, for its owner's eyes; what else docker keeps in the file stays. */
function writeAuthFile(file: string, config: AuthFile): void {
  const target = existsSync(file) ? realpathSync(file) : file; // it may be a link into somebody's dotfiles
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  const beside = `${target}.${process.pid}`;
  try {
    writeFileSync(beside, `${JSON.stringify(config, null, "\t")}\n`, { mode: 0o600 });
    chmodSync(beside, 0o600);
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
