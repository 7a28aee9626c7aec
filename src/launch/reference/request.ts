import type { Plan } from "../../plan/step.ts";

/** What the engine sends to the reference executor, after its length: the plan, and whether to narrate and to ask. */
export type Request = {
  plan: Plan;
  /** Report each step when it is done. */
  narrate: boolean;
  /** Wait for leave before each step. */
  ask: boolean;
};

type Base64 = { base64: string };

/** JSON; the memory that a step's argument points to is `{"base64": …}`. */
export const encodeRequest = (request: Request): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(request, encodeMemory));

/** Looks at the holder's value: a Buffer has been turned into something else by its own toJSON() before this is called. */
function encodeMemory(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const memory = this[key];
  return memory instanceof Uint8Array ? ({ base64: memory.toBase64() } satisfies Base64) : value;
}

export const decodeRequest = (bytes: Uint8Array): Request =>
  JSON.parse(new TextDecoder().decode(bytes), (_key, value: unknown) =>
    isBase64(value) ? Uint8Array.fromBase64(value.base64) : value,
  ) as Request;

const isBase64 = (value: unknown): value is Base64 =>
  typeof value === "object" && value !== null && "base64" in value;
