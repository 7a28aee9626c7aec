import type { Plan } from "../../plan/step.ts";
import { numbered } from "../encode.ts";
import type { Executor } from "../executor.ts";
import { encodeRequest } from "./request.ts";
import { oneThreadEnvironment, referenceCommand } from "./start.ts";

/** Bun itself, which makes each step's system call by FFI. Its messages call steps by their numbers. */
export function referenceExecutor(plan: Plan, narrate: boolean, ask: boolean): Executor {
  const steps = numbered(plan);
  return {
    command: referenceCommand(),
    env: oneThreadEnvironment,
    bytes: encodeRequest({ plan, narrate, ask }),
    ...(plan.namespaces ? { namespaces: plan.namespaces } : {}),
    steps,
    stepThatFailed: async (number) => steps[number],
  };
}
