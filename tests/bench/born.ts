/** The C program of born.c, compiled, with the plan of one container: the same calls without TypeScript. */
import { writeFileSync } from "node:fs";
import { newHostname, newId } from "../../src/engine/id.ts";
import { prepare } from "../../src/engine/prepare.ts";
import { containersDirectory } from "../../src/engine/record.ts";
import { readHost } from "../../src/engine/host.ts";
import { findImage } from "../../src/image/store.ts";
import { encode } from "../../src/launch/encode.ts";
import { paths as statePaths } from "../../src/linux/paths.ts";
import type { HostStep } from "../../src/plan/host-step.ts";
import type { Timed } from "./measure.ts";

/** Undefined where there is no C compiler. `directory` takes the files. */
export async function compileBorn(directory: string): Promise<(Timed & Disposable) | undefined> {
  const compiler = ["cc", "gcc", "clang"].find((name) => Bun.which(name));
  if (!compiler) {
    console.error("the C program is left out: there is no compiler here");
    return undefined;
  }
  const program = `${directory}/born`;
  const built = Bun.spawnSync([compiler, "-O2", "-o", program, `${import.meta.dir}/born.c`]);
  if (!built.success) throw new Error(`born.c: ${built.stderr}`);
  const { plan, steps } = await planOf(directory);
  const child = Bun.spawn([program, plan, steps], { stdin: "pipe", stdout: "pipe" });
  const lines = child.stdout.getReader();
  return {
    name: "the same calls in C",
    async time() {
      child.stdin.write("x");
      await child.stdin.flush();
      const { value } = await lines.read();
      if (!value) throw new Error(`born ended with ${await child.exited}`);
      return Number(new TextDecoder().decode(value)) / 1e6;
    },
    [Symbol.dispose]: () => void child.stdin.end(),
  };
}

/** The plan of `run("busybox", ["true"], { network: "none" })`, for one id that is used again and again. */
async function planOf(directory: string): Promise<{ plan: string; steps: string }> {
  const paths = statePaths();
  const id = newId();
  const scratch = `${paths.lib}/containers/${id}`;
  const { plan } = await prepare({
    id,
    options: { image: "busybox", command: ["true"], network: "none" },
    hostname: newHostname(),
    image: await findImage("busybox", paths),
    cable: undefined,
    idRange: undefined,
    scratch,
    host: readHost(paths.lib),
    paths,
  });
  const own: HostStep[] = [`${containersDirectory(paths)}/${id}`].map((path) => ({
    call: "mkdir",
    path,
    mode: 0o711,
    why: "",
  }));
  const lines = [...own, ...plan.before].map((step) => {
    if (step.call === "mkdir") return ["mkdir", step.path];
    if (step.call !== "write") throw new Error(`born.c cannot do ${step.call}`);
    return [
      step.create === undefined ? "write" : "create",
      step.path,
      step.text.replaceAll("\n", " "),
    ];
  });
  const files = { plan: `${directory}/born.plan`, steps: `${directory}/born.steps` };
  writeFileSync(files.plan, encode(plan).bytes);
  writeFileSync(files.steps, `${lines.map((fields) => fields.join("\t")).join("\n")}\n`);
  return files;
}
