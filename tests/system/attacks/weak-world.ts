import type { Plan, Step } from "../../../src/plan/step.ts";
import { World, type Run } from "../launch/world.ts";
import type { RuntimeSpec } from "../../../src/oci/runtime-spec.ts";

/** Containers whose plan lacks a protection that no flag switches off. */
export class WeakWorld extends World {
  /** The engine's plan, made worse. */
  weaken: (init: readonly Step[]) => readonly Step[] = (init) => init;

  /** The monitor's part, likewise. */
  weakenMonitor: (monitor: readonly Step[]) => readonly Step[] = (monitor) => monitor;

  override plan(spec: RuntimeSpec, options?: Pick<Run, "files" | "filter">): Plan {
    const plan = super.plan(spec, options);
    const monitor = [...this.weakenMonitor(plan.monitor)];
    return { ...plan, monitor, init: [...this.weaken(plan.init)] };
  }

  /** Whether the container starts and its command ends well: what an attack's command does where it succeeds. */
  async succeeds(spec: RuntimeSpec, options?: Run): Promise<boolean> {
    try {
      return (await this.run(spec, options)).ended.code === 0;
    } catch (error) {
      if (error instanceof Error && "errno" in error) return false; // the birth was refused
      throw error;
    }
  }
}

/** A plan without the steps that `gone` picks; it has to pick some. */
export function without(gone: (step: Step) => boolean): (init: readonly Step[]) => Step[] {
  return (init) => {
    const rest = init.filter((step) => !gone(step));
    if (rest.length === init.length) throw new Error("the plan has no such step any more");
    return rest;
  };
}

/** A plan with steps more, before the first that `at` picks. */
export function withSteps(
  init: readonly Step[],
  at: (step: Step) => boolean,
  ...steps: Step[]
): Step[] {
  const place = init.findIndex(at);
  if (place < 0) throw new Error("the plan has no such step any more");
  return [...init.slice(0, place), ...steps, ...init.slice(place)];
}

/** What an engine without pivot_root's order would do: resolve the container's paths below `root`, as the host sees them. */
export function resolvedOnHost(
  root: string,
  under: string,
): (init: readonly Step[]) => readonly Step[] {
  return (init) => {
    const paths = (step: Step): Step => {
      if (step.call === "mkdirat" || step.call === "openat")
        return { ...step, pathname: root + step.pathname };
      if (step.call === "move_mount") return { ...step, to_pathname: root + step.to_pathname };
      return step;
    };
    const isMeant = (step: Step): boolean =>
      ("pathname" in step && !!step.pathname?.startsWith(under)) ||
      ("to_pathname" in step && !!step.to_pathname?.startsWith(under));
    const meant = init.filter((step) => isMeant(step) && step.call !== "execve");
    const rest = init.filter((step) => !meant.includes(step));
    const pivot = rest.findIndex(({ call }) => call === "pivot_root");
    return [...rest.slice(0, pivot), ...meant.map(paths), ...rest.slice(pivot)];
  };
}
