import { capabilities } from "../../../src/abi/capability.ts";
import { specFromOptions } from "../../../src/oci/from-options.ts";
import type { RuntimeSpec } from "../../../src/oci/runtime-spec.ts";
import { buildPlan, type PlanFacts } from "../../../src/plan/build.ts";
import { formatPlan } from "../../../src/plan/format.ts";
import type { Plan } from "../../../src/plan/step.ts";
import type { ContainerOptions } from "../../../src/spec/options.ts";

export type Wish = Partial<ContainerOptions> & {
  uid?: number;
  inMemory?: boolean;
  noNewPrivileges?: boolean;
  filter?: Uint8Array;
  change?(spec: RuntimeSpec): void;
};

/** All but one capability, one masked and one read-only path: enough to see each kind of step, few enough to read. */
const bounding = capabilities.filter((name) => name !== "CAP_SYS_ADMIN");
const powers = { bounding, effective: bounding, permitted: bounding, inheritable: [], ambient: [] };

export function specFor(wish: Wish = {}): RuntimeSpec {
  const uid = wish.uid ?? 0;
  const spec = specFromOptions(
    { image: "small", command: ["/bin/sh"], ...wish },
    {
      id: "c1",
      hostname: "box",
      user: { uid, gid: uid, additionalGids: uid ? [27] : [], home: "/root" },
      image: { layers: ["/images/small"], mounts: [], config: {} },
      scratch: { path: "/lib/c1", inMemory: wish.inMemory ?? false },
      nodes: [],
      volumes: "/var/lib/kontener/volumes",
      etc: "/run/c1",
      capabilities: uid ? { ...powers, effective: [], permitted: [] } : powers,
      noNewPrivileges: wish.noNewPrivileges ?? true,
      seccomp: undefined,
      devices: [],
      maskedPaths: ["/proc/kcore"],
      readonlyPaths: ["/proc/sys"],
      cgroupMounts: [],
      idRange: typeof wish.userns === "object" ? wish.userns : undefined,
    },
  );
  wish.change?.(spec);
  return spec;
}

export const planFor = (wish: Wish = {}, facts: Partial<PlanFacts> = {}): Plan =>
  buildPlan(specFor(wish), {
    files: new Set(["/run/c1/hosts", "/run/c1/hostname", "/run/c1/resolv.conf"]),
    filter: wish.filter,
    dieWithParent: true,
    before: [],
    birth: [],
    ...facts,
  });

const linesOf = (plan: Plan): string[] =>
  formatPlan(plan)
    .split("\n")
    .map((line) => line.trim());

/** What a wish changes in the plan of the plain container: lines that go (-) and lines that come (+). */
export function changes(wish: Wish): string[] {
  const [plain, other] = [linesOf(planFor()), linesOf(planFor(wish))];
  const without = (lines: readonly string[], taken: readonly string[]): string[] => {
    const left = [...taken];
    return lines.filter((line) => {
      const at = left.indexOf(line);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  };
  return [
    ...without(plain, other).map((line) => `- ${line}`),
    ...without(other, plain).map((line) => `+ ${line}`),
  ];
}
