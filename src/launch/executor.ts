import type { Plan, Step } from "../plan/step.ts";
import type { Successor } from "./encode.ts";
import { launcherPath } from "./launcher.ts";

/** A program that performs plans, and a plan in the form that it reads. */
export type Executor = {
  command: string[];
  env: Record<string, string>;
  bytes: Uint8Array;
  /** Of PID 1's birth: {@link Plan}. */
  namespaces?: Plan["namespaces"];
  /** By number. Empty where nobody is told of single steps. */
  steps: readonly Step[];
  /** `place` is what the message "failed" calls the step; undefined for one that is not the plan's. */
  stepThatFailed(place: number): Promise<Step | undefined>;
};

/** A plan that is laid out for the launcher already; the plan itself is made where somebody has to be told of a step. */
export type Ready = Pick<Plan, "before" | "birth"> & {
  bytes: Uint8Array;
  /** It is for a monitor that outlives its engine, and that nothing takes the place of. */
  detached: boolean;
  plan(): Promise<Plan>;
};

/** What a monitor keeps that outlives its engine: descriptors of the engine's, which it may close afterwards. */
export type Keepsakes = {
  /** Locked for as long as the monitor lives (flock(2): a lock belongs to the open file). */
  lock: number;
  /** The message "ended" of protocol.ts is written here, with the time of CLOCK_REALTIME. */
  exit: number;
  /** What takes its place when the container has ended. */
  successor?: Successor;
};

export type ExecutorOptions = {
  executor?: "launcher" | "reference";
  narrate?: boolean;
  /** Asks before each step: the reference executor does. */
  ask?: boolean;
  keep?: Keepsakes;
};

export async function executorFor(
  work: Plan | Ready,
  { executor, narrate = false, ask = false, keep }: ExecutorOptions,
): Promise<Executor> {
  const ready = "bytes" in work;
  if (executor === "reference" || ask) {
    const { referenceExecutor } = await import("./reference/executor.ts");
    return referenceExecutor(ready ? await work.plan() : work, narrate, ask);
  }
  if (!ready || narrate || keep?.successor || work.detached !== (keep !== undefined))
    return await launcher(ready ? await work.plan() : work, narrate, keep);
  return {
    command: [launcherPath()],
    env: {},
    bytes: work.bytes,
    steps: [],
    stepThatFailed: async (place) =>
      await (await launcher(await work.plan(), false, keep)).stepThatFailed(place),
  };
}

async function launcher(plan: Plan, narrate: boolean, keep?: Keepsakes): Promise<Executor> {
  const { encode, numbered } = await import("./encode.ts");
  const detached = keep !== undefined;
  const { bytes, stepOf } = encode(plan, { narrate, detached, successor: keep?.successor });
  const steps = numbered(plan);
  return {
    command: [launcherPath()],
    env: {},
    bytes,
    ...(plan.namespaces ? { namespaces: plan.namespaces } : {}),
    steps,
    stepThatFailed: async (place) => steps[stepOf(place) ?? -1],
  };
}
