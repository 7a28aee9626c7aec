/** What a 401 asks for (RFC 9110, 11.6.1): `Bearer realm="https://auth…",service="…",scope="…"`, `Basic realm="…"`. */
export type Challenge = { scheme: "basic" | "bearer"; parameters: Record<string, string> };

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(`^(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`);
const scheme = new RegExp(`^(${token})(?=\\s|,|$)`);

/** The challenges in a `WWW-Authenticate` header that a registry may mean, in its order. */
export function parseChallenges(header: string): Challenge[] {
  const found: { scheme: string; parameters: Record<string, string> }[] = [];
  for (let rest = header.trim(); rest !== "";) {
    const pair = parameter.exec(rest);
    const word = pair ? undefined : scheme.exec(rest)?.[1];
    if (pair) {
      const [, name = "", quoted, bare = ""] = pair;
      const value = quoted === undefined ? bare : quoted.replace(/\\(.)/g, "$1");
      const last = found.at(-1);
      if (last) last.parameters[name.toLowerCase()] = value;
    } else if (word !== undefined) found.push({ scheme: word.toLowerCase(), parameters: {} });
    else break; // not the grammar: what came before it counts
    rest = rest.slice((pair?.[0] ?? word ?? "").length).replace(/^[\s,]+/, "");
  }
  return found.filter(
    (challenge): challenge is Challenge =>
      challenge.scheme === "basic" ||
      (challenge.scheme === "bearer" && challenge.parameters["realm"] !== undefined),
  );
}

export type Credentials = {
  username: string;
  password: string;
  /** In the place of a password: a refresh token (Docker's "identity token"). */
  identityToken?: string;
};

export const basic = ({ username, password }: Credentials): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

/** A request for a bearer token (distribution's "Token Authentication Specification"; with a refresh token, its OAuth2). */
export type TokenRequest = {
  url: string;
  method: "GET" | "POST";
  headers: Record<string, string>;
  body?: string;
};

export function tokenRequest(
  { parameters }: Challenge,
  scopes: readonly string[],
  credentials: Credentials | undefined,
): TokenRequest {
  const url = new URL(parameters["realm"]!);
  const { service } = parameters;
  if (credentials?.identityToken !== undefined) {
    const body = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: "kontener",
      refresh_token: credentials.identityToken,
      scope: scopes.join(" "),
      ...(service === undefined ? {} : { service }),
    });
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    return { url: url.href, method: "POST", headers, body: body.toString() };
  }
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (credentials) url.searchParams.set("account", credentials.username);
  const headers: Record<string, string> = credentials ? { Authorization: basic(credentials) } : {};
  return { url: url.href, method: "GET", headers };
}

/** A token server's answer; `until` in ms since 1970. Where it does not say how long, the specification says 60 seconds. */
export function readToken(
  answer: unknown,
  now: number,
): { token: string; until: number } | undefined {
  const { token, access_token, expires_in } = (answer ?? {}) as Record<string, unknown>;
  const text = token || access_token;
  if (typeof text !== "string" || text === "") return undefined;
  const seconds = typeof expires_in === "number" && expires_in > 0 ? expires_in : 60;
  return { token: text, until: now + 1000 * seconds * 0.9 };
}
