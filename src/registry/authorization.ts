import { KontenerError } from "../abi/error.ts";
import {
  basic,
  parseChallenges,
  readToken,
  tokenRequest,
  type Challenge,
  type Credentials,
} from "./challenge.ts";
import { complaint } from "./complaint.ts";
import type { Endpoint } from "./endpoint.ts";
import { exchange, mayGo, Passing, unreachable } from "./wire.ts";

export type Asked = {
  name: string;
  /** `repository:a/b:pull` (distribution's "Token Scope Documentation"). */
  scopes: readonly string[];
  patience: number;
};

const TOKEN_LIMIT = 1 << 20;

/** What is shown to a registry, and how it is come by. */
export class Authorization {
  readonly #endpoint: Endpoint;
  readonly #asked: Asked;
  readonly #credentials: () => Promise<Credentials | undefined>;
  #now: { value: string; until: number } | undefined;
  #challenge: Challenge | undefined;
  #renewing: Promise<void> | undefined;
  /** Whose credentials were shown. */
  username: string | undefined;

  constructor(
    endpoint: Endpoint,
    asked: Asked,
    credentials: () => Promise<Credentials | undefined>,
  ) {
    this.#endpoint = endpoint;
    this.#asked = asked;
    this.#credentials = credentials;
  }

  /** The header's value; undefined as long as nothing was asked for. A token that runs out is replaced first. */
  async value(): Promise<string | undefined> {
    if (this.#now && this.#now.until < Date.now()) await this.renew(undefined);
    return this.#now?.value;
  }

  /** After a 401, with its `WWW-Authenticate`. */
  async renew(header: string | undefined): Promise<void> {
    if (header !== undefined) this.#challenge = this.#choose(parseChallenges(header));
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined));
    await this.#renewing; // several layers are told at once, and one token does for all
  }

  #choose(challenges: Challenge[]): Challenge {
    const chosen = challenges.find(({ scheme }) => scheme === "bearer") ?? challenges[0];
    if (chosen) return chosen;
    const { registry } = this.#endpoint;
    throw new KontenerError(`${registry} asks for a login of a kind that is not known here`, {
      code: "UNSUPPORTED",
      hint: "known are Basic and Bearer (distribution's token authentication)",
    });
  }

  async #renew(): Promise<void> {
    const credentials = await this.#credentials();
    this.username = credentials?.username;
    const challenge = this.#challenge!;
    if (challenge.scheme === "bearer") this.#now = await this.#token(challenge, credentials);
    else if (credentials) this.#now = { value: basic(credentials), until: Infinity };
    else throw complaint({ status: 401, headers: new Headers(), text: "" }, this.#situation());
  }

  async #token(challenge: Challenge, credentials: Credentials | undefined) {
    const { registry, insecure } = this.#endpoint;
    const { scopes, patience } = this.#asked;
    const realm = challenge.parameters["realm"]!;
    if (!URL.canParse(realm) || !mayGo(new URL(realm), { ...this.#endpoint, insecure }))
      throw new KontenerError(
        `${registry} sends who logs in to ${JSON.stringify(realm)}, which is no https URL`,
        { code: "IMAGE", hint: "nothing was sent there" },
      );
    const { url, method, headers, body } = tokenRequest(challenge, scopes, credentials);
    const request = {
      method,
      headers,
      patience,
      ...(body !== undefined && { body: () => body }),
    };
    // Authorization is in the headers of this one request: it must not go along to where it is redirected.
    const { Authorization: value, ...rest } = headers;
    const authorization = value === undefined ? undefined : { origin: new URL(url).origin, value };
    const started = Date.now();
    using reply = await exchange(
      new URL(url),
      { ...request, headers: rest, authorization },
      this.#endpoint,
    ).catch((error: unknown) => {
      if (error instanceof KontenerError) throw error;
      throw new Passing(unreachable(new URL(url).host, error));
    });
    const text = new TextDecoder().decode(await reply.bytes(TOKEN_LIMIT));
    const { status, headers: answered } = reply.response;
    const failure = () => complaint({ status, headers: answered, text }, this.#situation());
    if (status >= 500) throw new Passing(failure());
    if (status !== 200) throw failure();
    const token = readToken(parse(text), started);
    if (token) return { value: `Bearer ${token.token}`, until: token.until };
    throw new KontenerError(`${new URL(url).host} answers with no token`, { code: "IMAGE" });
  }

  #situation() {
    const { name } = this.#asked;
    const { registry } = this.#endpoint;
    return { name, registry, step: "give a token for the use", username: this.username };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
