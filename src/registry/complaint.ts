import { KontenerError } from "../abi/error.ts";

/** What a registry answered instead of what was asked for. */
export type Answer = {
  status: number;
  headers: { get(name: string): string | null };
  /** Its beginning. */
  text: string;
};

export type Situation = {
  /** `registry.example/a/b:tag`. */
  name: string;
  registry: string;
  /** In words: "get the manifest". */
  step: string;
  /** Whose credentials were shown, if any. */
  username?: string | undefined;
};

type Detail = { code?: string; message?: string };

/** The first error of distribution-spec "Error Codes", where the body is one. */
export function detailOf(text: string): Detail {
  try {
    const { errors } = JSON.parse(text) as { errors?: unknown };
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
    const { code, message } = (first ?? {}) as Record<string, unknown>;
    return {
      ...(typeof code === "string" ? { code } : {}),
      ...(typeof message === "string" ? { message } : {}),
    };
  } catch {
    return {};
  }
}

/** Seconds of a `Retry-After`, which is a number or a date (RFC 9110, 10.2.3). */
export function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

/** A refusal in words, with what to do about it. */
export function complaint(answer: Answer, situation: Situation): KontenerError {
  const { status, headers } = answer;
  const { name, registry, username } = situation;
  if (status === 401) return loginNeeded(situation);
  if (status === 403) {
    return new KontenerError(
      `${registry} does not let ${username ?? "who is not logged in"} do that: ${sentence(answer, situation)}`,
      {
        code: "IMAGE",
        hint: `kontener login ${registry}, as somebody who may`,
      },
    );
  }
  if (status === 404) {
    const { code } = detailOf(answer.text);
    const what = code === "NAME_UNKNOWN" ? "no such repository" : "nothing under this name";
    return new KontenerError(`${registry} has ${what}: ${name}`, {
      code: "NOT_FOUND",
      hint: "look at the spelling of the name and the tag",
    });
  }
  if (status === 429) {
    const seconds = retryAfter(headers.get("Retry-After"), Date.now());
    const wait = seconds === undefined ? "later" : `in ${duration(seconds)}`;
    const more = username === undefined ? `, or log in for more: kontener login ${registry}` : "";
    return new KontenerError(`${registry} has had too many requests from here${limit(headers)}`, {
      code: "IMAGE",
      hint: `try again ${wait}${more}`,
    });
  }
  return new KontenerError(`${registry} could not ${sentence(answer, situation)}`, {
    code: "IMAGE",
    ...(status >= 500 ? { hint: "the fault is on its side: try again later" } : {}),
  });
}

const sentence = ({ status, text }: Answer, { step, name }: Situation): string => {
  const { message } = detailOf(text);
  return `${step} of ${name} (HTTP ${status}${message === undefined ? "" : `: ${printable(message)}`})`;
};

function loginNeeded({ registry, name, username }: Situation): KontenerError {
  if (username !== undefined)
    return new KontenerError(`${registry} does not accept the login of ${username} for ${name}`, {
      code: "IMAGE",
      hint: `kontener login ${registry}, or kontener logout ${registry} to go on without`,
    });
  return new KontenerError(`${registry} asks for a login, or there is no ${name}`, {
    code: "IMAGE",
    hint: `look at the spelling; if it is private: kontener login ${registry}`,
  });
}

/** Docker Hub's `ratelimit-limit: 100;w=21600`: requests in a window of seconds. */
function limit(headers: Answer["headers"]): string {
  const [, count, window] = /^(\d+);w=(\d+)/.exec(headers.get("ratelimit-limit") ?? "") ?? [];
  return count === undefined ? "" : `: its limit is ${count} in ${duration(Number(window))}`;
}

function duration(seconds: number): string {
  for (const [unit, size] of [
    ["hours", 3600],
    ["minutes", 60],
  ] as const)
    if (seconds >= 2 * size) return `${Math.ceil(seconds / size)} ${unit}`;
  return `${seconds} seconds`;
}

/** A server's text is not to be trusted with the terminal. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]+/g, " ").slice(0, 200);
