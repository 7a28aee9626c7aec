import { invalid } from "../abi/error.ts";
import { configChanges } from "./config-steps.ts";
import { parseDockerfile, type Keyword } from "./dockerfile.ts";
import { startState } from "./state.ts";
import { evaluate } from "./steps.ts";
import type { ContainerConfig } from "../oci/image-spec.ts";

/** docker's list: what `commit --change` may hold. */
const allowed: readonly Keyword[] = [
  "CMD",
  "ENTRYPOINT",
  "ENV",
  "EXPOSE",
  "HEALTHCHECK",
  "LABEL",
  "ONBUILD",
  "SHELL",
  "STOPSIGNAL",
  "USER",
  "VOLUME",
  "WORKDIR",
];

/**
 * A config with instructions of a Dockerfile applied to it (`commit --change`).
 *
 * @throws KontenerError INVALID
 */
export function applyChanges(config: ContainerConfig, changes: readonly string[]): ContainerConfig {
  let state = startState(config);
  for (const change of changes) {
    const { instructions, escape } = parseDockerfile(change, "--change");
    const facts = { name: "--change", escape, buildArgs: new Map(), globals: new Map() };
    for (const instruction of instructions) {
      if (!allowed.includes(instruction.keyword) || !configChanges[instruction.keyword])
        throw invalid(
          `--change does not take ${instruction.keyword}`,
          `it takes ${allowed.join(", ")}`,
        );
      state = evaluate(instruction, state, facts, "none").state;
    }
  }
  return state.config;
}
