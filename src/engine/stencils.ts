import { readLayout } from "../cgroup/host.ts";
import type { Ready } from "../launch/executor.ts";
import { blanks, fillTable, fillText, type Stencil } from "../launch/stencil.ts";
import { stampOf } from "../linux/files.ts";
import { commandOf } from "../oci/command.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import type { HostStep } from "../plan/host-step.ts";
import type { Struct } from "../plan/signatures.ts";
import type { Plan } from "../plan/step.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { etcFiles } from "./etc-files.ts";
import { Form } from "./fill-in.ts";
import type { Prepared, Request } from "./prepare.ts";
import { containersDirectory } from "./record.ts";
import { readStencil, writeStencil } from "./stencil-file.ts";

/** What {@link Prepared} is, with the plan laid out already where a container of the same kind was started before. */
export type Preparation = Omit<Prepared, "plan"> & {
  plan: Plan | Ready;
  /** The specification as JSON, where that is there already. */
  specText?: string;
};

/** Everything about a start but its id, host name and command; as text, where those that vary are blank. */
export type Template = { stencil: Stencil; text: string };
type Content = { spec: RuntimeSpec; before: HostStep[]; birth: HostStep[]; warnings: string[] };

/**
 * Options that are numbers, words and lists, and so say all that there is to know. One that names a file or another
 * container (`mounts`, `securityOpts`, `network: "container:…"`) depends on what that is at this moment.
 */
const plainOptions: readonly string[] = [
  "image",
  "hostname",
  "memory",
  "memorySwap",
  "cpus",
  "pidsLimit",
  "env",
  "workdir",
  "user",
  "readOnly",
  "network",
  "isolated",
  "dns",
  "addHosts",
  "pid",
  "uts",
  "ipc",
  "cgroupns",
  "interactive",
  "tty",
  "ulimits",
  "sysctls",
  "init",
  "keep",
  "capAdd",
  "capDrop",
  "privileged",
  "labels",
  "ip",
  "networkAliases",
  "publish",
  "publishAll",
  "stopSignal",
  "stopTimeout",
] satisfies (keyof ContainerOptions)[];

/** A template as it is used: parsed once. */
type Loaded = { stencil: Stencil; content: Form<Content>; specText: string };
const templates = new Map<string, Loaded>();
const MOST = 64;

/**
 * {@link prepare}, by way of a stencil: a start like an earlier one makes no plan. Only what the key says may differ
 * between kinds of containers; whatever is not in it has to be the same for all, or is filled in.
 */
export async function prepareQuickly(request: Request): Promise<Preparation> {
  const argv = request.idle ? [] : commandOf(request.options, request.image.config);
  const key = keyOf(request, argv);
  if (key === undefined) return await prepareFully(request);
  const fill = { id: request.id, hostname: request.hostname, argv };
  const template = templates.get(key) ?? keep(key, await templateFor(key, request, argv));
  const { spec: form, before, birth, warnings } = template.content.fill(fill);
  const spec = { ...form, process: { ...form.process, args: argv } };
  const specText = fillText(template.specText, fill).replace(ANY_ARGV, () => JSON.stringify(argv));
  const { id, options, hostname, cable, paths } = request;
  const files = etcFiles(`${containersDirectory(paths)}/${id}`, hostname, options, cable);
  const plan: Ready = {
    before: [...files, ...before],
    birth: [...birth, ...(cable?.steps ?? [])],
    bytes: fillTable(template.stencil, fill),
    detached: request.detached ?? false,
    plan: async () => (await prepareFully(request)).plan,
  };
  return { spec, plan, warnings, specText };
}

const templateFor = async (key: string, request: Request, argv: string[]): Promise<Loaded> =>
  load(
    readStencil(key, request.paths) ?? (await cut(key, request, argv[0]?.includes("/") ?? false)),
  );

function keep(key: string, template: Loaded): Loaded {
  if (templates.size >= MOST) templates.clear();
  templates.set(key, template);
  return template;
}

const ANY_ARGV = JSON.stringify([blanks.command]);

function load({ stencil, text }: Template): Loaded {
  const content = JSON.parse(text) as Content;
  for (const step of content.before) if (step.call === "bpf") step.program = revived(step.program);
  content.spec.process.args = [blanks.command];
  return { stencil, content: new Form(content), specText: JSON.stringify(content.spec) };
}

/** The only bytes in a step of the engine's are a device program. */
const bytesAsText = (_key: string, value: unknown): unknown =>
  value instanceof Uint8Array ? value.toBase64() : value;
const revived = (program: Struct): Struct => ({
  ...program,
  bytes: Uint8Array.fromBase64(program.bytes as unknown as string),
});

const prepareFully = async (request: Request): Promise<Prepared> =>
  await (await import("./prepare.ts")).prepare(request);

/** What a plan depends on, as text; undefined where more than this could tell has a say. */
function keyOf(
  { options, image, host, paths, idle, detached, scratch }: Request,
  argv: string[],
): string | undefined {
  const own: Partial<ContainerOptions> = { ...options };
  for (const filled of ["command", "entrypoint", "name"] as const) delete own[filled];
  const plain = Object.keys(own).every((option) => plainOptions.includes(option));
  const joins = [options.network].flat().some((network) => network?.startsWith("container:"));
  if (!plain || joins) return undefined;
  if (Object.keys(image.config.Volumes ?? {}).length > 0) return undefined; // volumes are made by name
  if (scratch === "" || image.mounts.length > 0) return undefined;
  if (!idle && argv.length === 0) return undefined; // an error, which the long way has
  const key = JSON.stringify({
    options: own,
    image: { ...image, stamps: image.layers.map(stampOf) },
    slash: argv[0]?.includes("/") ?? null,
    detached: detached ?? false,
    host,
    cgroups: readLayout(),
    paths,
  });
  return key.includes("~~") ? undefined : key;
}

/** Makes the plan of a container that has blanks for what is its own. */
async function cut(key: string, request: Request, slash: boolean): Promise<Template> {
  const { cutStencil } = await import("../launch/cut-stencil.ts");
  const { paths, options, scratch, cable, idle } = request;
  const command = slash ? `/${blanks.command}` : blanks.command;
  const { plan, spec, warnings } = await prepareFully({
    ...request,
    id: blanks.id,
    hostname: options.hostname ?? blanks.hostname,
    scratch: scratch.replace(request.id, blanks.id),
    options: idle ? options : { ...options, entrypoint: [], command: [command] },
  });
  const own = `${containersDirectory(paths)}/${blanks.id}/`;
  const content: Content = {
    spec,
    before: plan.before.filter((step) => step.call !== "write" || !step.path.startsWith(own)),
    birth: plan.birth.slice(0, plan.birth.length - (cable?.steps.length ?? 0)),
    warnings,
  };
  const template = {
    stencil: cutStencil(plan, request.detached ?? false),
    text: JSON.stringify(content, bytesAsText),
  };
  writeStencil(key, template, paths);
  return template;
}
