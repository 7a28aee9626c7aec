import { KontenerError } from "../abi/error.ts";
import type { Credentials } from "./challenge.ts";

type Env = Record<string, string | undefined>;

/** A user name that says that the secret is a refresh token (docker-credential-helpers, "Development"). */
const TOKEN_USER = "<token>";

/** `docker-credential-NAME get`: the key goes in, JSON comes out. Undefined where it has nothing under the key. */
export async function askHelper(
  helper: string,
  key: string,
  env: Env,
): Promise<Credentials | undefined> {
  const { text, failed } = await call(helper, "get", key, env);
  if (failed) {
    if (/credentials not found/i.test(text)) return undefined;
    throw helperError(helper, `get: ${text.trim().slice(0, 200)}`);
  }
  try {
    const { Username, Secret } = JSON.parse(text) as Record<string, unknown>;
    if (typeof Username === "string" && typeof Secret === "string" && Secret !== "")
      return Username === TOKEN_USER
        ? { username: Username, password: "", identityToken: Secret }
        : { username: Username, password: Secret };
  } catch {
    throw helperError(helper, "get: its answer is no JSON");
  }
  return undefined;
}

export async function storeInHelper(
  helper: string,
  key: string,
  { username, password }: Credentials,
  env: Env,
): Promise<void> {
  const entry = JSON.stringify({ ServerURL: key, Username: username, Secret: password });
  const { text, failed } = await call(helper, "store", entry, env);
  if (failed) throw helperError(helper, `store: ${text.trim().slice(0, 200)}`);
}

/** False where it had nothing under the key, as far as it says. */
export async function eraseFromHelper(helper: string, key: string, env: Env): Promise<boolean> {
  const there = await askHelper(helper, key, env);
  if (there) await call(helper, "erase", key, env);
  return there !== undefined;
}

async function call(helper: string, verb: string, input: string, env: Env) {
  const program = `docker-credential-${helper}`;
  if (!/^[\w.-]+$/.test(helper)) throw helperError(helper, "this is not a program's name");
  try {
    const child = Bun.spawn([program, verb], {
      stdin: new Blob([input]),
      stdout: "pipe",
      stderr: "inherit",
      env,
    });
    const [text, code] = await Promise.all([child.stdout.text(), child.exited]);
    return { text, failed: code !== 0 };
  } catch (cause) {
    throw helperError(helper, `it cannot be started: ${(cause as Error).message}`, cause);
  }
}

const helperError = (helper: string, why: string, cause?: unknown): KontenerError =>
  new KontenerError(`docker-credential-${helper} ${why}`, {
    code: "IMAGE",
    hint: "credsStore and credHelpers in docker's config.json name it",
    cause,
  });
