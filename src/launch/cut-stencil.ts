import type { Plan } from "../plan/step.ts";
import { encode, numbered } from "./encode.ts";
import { HEADER, STEP } from "./memory.ts";
import { blanks, type Search, type Stencil } from "./stencil.ts";

/** Lays out a plan that was made for {@link blanks}. `detached`: for a monitor that outlives its engine. */
export function cutStencil(plan: Plan, detached: boolean): Stencil {
  const { bytes, stepOf } = encode(plan, { detached });
  const steps = numbered(plan);
  const executions = steps.filter(({ call }) => call === "execve").length;
  const searches: Search[] = [];
  for (let at = HEADER; searches.length < executions; at += STEP) {
    const step = steps[stepOf(at) ?? -1];
    if (step?.call === "execve")
      searches.push({ at, directory: step.pathname!.slice(0, -blanks.command.length) });
  }
  return { table: bytes, searches };
}
