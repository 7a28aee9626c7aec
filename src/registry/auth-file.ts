import type { Credentials } from "./challenge.ts";

/** `~/.docker/config.json`, and podman's `auth.json` (containers-auth.json(5)), as far as they are about logins. */
export type AuthFile = {
  auths?: Record<string, { auth?: string; identitytoken?: string }>;
  /** A program `docker-credential-NAME` for one registry. */
  credHelpers?: Record<string, string>;
  /** The same for all of them. */
  credsStore?: string;
};

/** docker keeps Docker Hub's logins under the name that it had in 2013. */
const HUB_KEYS = ["https://index.docker.io/v1/", "index.docker.io", "docker.io"];

/** The key under which a login is kept. */
export const keyOf = (registry: string): string =>
  registry === "docker.io" ? HUB_KEYS[0]! : registry;

/** Under which keys there may be a login for a repository, the most particular first (containers-auth.json(5)). */
export function keysFor(registry: string, repository = ""): string[] {
  const parts = repository.split("/").filter(Boolean);
  const paths = parts.map((_, i) => `${registry}/${parts.slice(0, parts.length - i).join("/")}`);
  const hosts =
    registry === "docker.io"
      ? HUB_KEYS
      : [registry, `https://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`];
  return [...paths, ...hosts];
}

/** Where a login is to be looked for: at a helper, or here it is. */
export type Found = { helper: string; key: string } | { credentials: Credentials };

export function findLogins(file: AuthFile, registry: string, repository: string): Found[] {
  const keys = keysFor(registry, repository);
  const own = <T>(table: Record<string, T> | undefined, key: string): T | undefined =>
    table && Object.hasOwn(table, key) ? table[key] : undefined;
  const found: Found[] = [];
  for (const key of keys) {
    const helper = own(file.credHelpers, key);
    if (helper !== undefined) found.push({ helper, key });
  }
  if (file.credsStore !== undefined) found.push({ helper: file.credsStore, key: keyOf(registry) });
  for (const key of keys) {
    const credentials = decodeLogin(own(file.auths, key) ?? {});
    if (credentials) found.push({ credentials });
  }
  return found;
}

function decodeLogin({
  auth,
  identitytoken,
}: {
  auth?: string;
  identitytoken?: string;
}): Credentials | undefined {
  if (!auth) return undefined; // docker leaves an empty entry where a helper has it
  const text = Buffer.from(auth, "base64").toString();
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  const password = text.slice(colon + 1).replace(/\0+$/, "");
  const identity = identitytoken ? { identityToken: identitytoken } : {};
  return { username: text.slice(0, colon), password, ...identity };
}

export const encodeLogin = ({ username, password }: Credentials): { auth: string } => ({
  auth: Buffer.from(`${username}:${password}`).toString("base64"),
});
