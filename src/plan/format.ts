import { flagText } from "../abi/flags.ts";
import { attributesOf } from "../abi/rtnetlink-text.ts";
import type { HostStep } from "./host-step.ts";
import { parametersOf, type Fd, type Kind, type Struct, type Values } from "./signatures.ts";
import type { Plan, Step } from "./step.ts";

/** `cut`: the length from which on a string is cut, as strace(1) does; without it strings are whole. */
export type FormatOptions = { cut?: number };

/** A step as strace(1) would print it: `mount("proc", "proc", "proc", MS_NOSUID|MS_NODEV, NULL)`. */
export function formatStep(step: Step | HostStep, options: FormatOptions = {}): string {
  if (isHostStep(step)) return formatHostStep(step, options);
  return `${step.call}(${callArguments(step, options)})`;
}

/** True for what the engine does; `write` is on both sides, with a path here and a descriptor there. */
export const isHostStep = (step: Step | HostStep): step is HostStep =>
  step.call === "mkdir" ||
  step.call === "chown" ||
  step.call === "netlink" ||
  step.call === "bpf" ||
  step.call === "apparmor_parser" ||
  step.call === "publish" ||
  step.call === "announce" ||
  (step.call === "write" && "path" in step);

/** The arguments of a step, as they stand between the parentheses. */
export const callArguments = (step: Step, options: FormatOptions = {}): string =>
  argumentTexts(step, options)
    .map(({ text }) => text)
    .join(", ");

/** The same, one by one with their names. As in strace, what says nothing is left out: prctl's trailing zeros, the mode of no new file. */
export function argumentTexts(
  step: Step,
  options: FormatOptions = {},
): { name: string; text: string }[] {
  if (step.call === "meet") return [{ name: "at", text: step.at }];
  if (step.call === "reap" || step.call === "hold") return [];
  if (step.call === "userns")
    return (["uid_map", "gid_map"] as const).map((name) => ({ name, text: quote(step[name], {}) }));
  const fields = step as unknown as Record<string, unknown>;
  const texts = parametersOf(step.call).map(([name, kind]) => ({
    name,
    text:
      name === "envp"
        ? variables(fields[name] as string[])
        : formatArgument(kind, fields[name], options),
  }));
  if (step.call === "prctl") while (texts.at(-1)!.text === "0") texts.pop();
  if (step.call === "openat" && !step.flags.includes("O_CREAT")) texts.pop();
  return texts;
}

function quote(value: string | null, { cut = Infinity }: FormatOptions): string {
  if (value === null) return "NULL";
  return value.length > cut ? `${JSON.stringify(value.slice(0, cut))}...` : JSON.stringify(value);
}

/** An environment is long and says little about the birth. */
const variables = (envp: readonly string[]): string =>
  `[/* ${envp.length} ${envp.length === 1 ? "var" : "vars"} */]`;

function formatArgument(kind: Kind, value: unknown, options: FormatOptions): string {
  if (Array.isArray(value)) {
    const list = value as string[];
    return kind === "strings"
      ? `[${list.map((item) => quote(item, options)).join(", ")}]`
      : flagText(list);
  }
  switch (kind) {
    case "text":
      return quote(value as string | null, options);
    case "fd": {
      const fd = value as Fd;
      return typeof fd === "object" ? `<${fd.stored}>` : String(fd);
    }
    case "mode":
      return formatMode(value as number);
    case "dev":
      return `makedev(${majorOf(value as number)}, ${minorOf(value as number)})`;
    case "argp":
      return typeof value === "number" ? String(value) : (value as Struct).text;
    case "struct":
    case "filter":
      return value === null ? "NULL" : (value as Struct).text;
    case "attr":
      return formatAttr(value as Values["attr"]);
    case "int":
      return value === 0xffffffff ? "~0U" : String(value);
    default:
      return String(value);
  }
}

const fileTypes: Record<number, string> = {
  0o010000: "S_IFIFO",
  0o020000: "S_IFCHR",
  0o060000: "S_IFBLK",
};

/** `0755`, or `S_IFCHR|0666` for a node (mknod(2)). */
function formatMode(mode: number): string {
  const type = fileTypes[mode & 0o170000];
  const bits = mode & 0o7777;
  return `${type ? `${type}|` : ""}${bits ? `0${bits.toString(8)}` : "0"}`;
}

/** The parts of a device number, as devices.ts puts them together. */
export const majorOf = (dev: number): number => (dev >> 8) & 0xfff;
export const minorOf = (dev: number): number => (dev & 0xff) | ((dev >> 12) & ~0xff);

const formatAttr = ({ set, clr, propagation, userns_fd }: Values["attr"]): string => {
  const more = clr.length ? `, attr_clr=${flagText(clr)}` : "";
  const userns =
    userns_fd === undefined ? "" : `, userns_fd=${formatArgument("fd", userns_fd, {})}`;
  return `{attr_set=${flagText(set)}${more}, propagation=${flagText(propagation)}${userns}}`;
};

function formatHostStep(step: HostStep, options: FormatOptions): string {
  if (step.call === "mkdir") return `mkdir(${quote(step.path, {})}, ${formatMode(step.mode)})`;
  if (step.call === "apparmor_parser") return `apparmor_parser(${quote(step.profile, {})})`;
  if (step.call === "chown") return `chown(${quote(step.path, {})}, ${step.owner}, ${step.group})`;
  if (step.call === "write") {
    const mode = step.create === undefined ? "" : `, ${formatMode(step.create)}`;
    return `write(${quote(step.path, {})}, ${quote(step.text, options)}${mode})`;
  }
  if (step.call === "bpf") {
    const program = `bpf(BPF_PROG_LOAD, ${step.program.text})`;
    return `bpf(BPF_PROG_ATTACH, {target_fd=${quote(step.target, {})}, attach_bpf_fd=${program}, attach_type=BPF_CGROUP_DEVICE, attach_flags=BPF_F_ALLOW_MULTI})`;
  }
  if (step.call === "publish")
    return `publish(${quote(step.bridge, {})}, ${step.ports.map(({ text }) => text).join(", ")})`;
  if (step.call === "announce") return `announce(${step.networks.join(", ")})`;
  const where = step.netns === "host" ? "" : "netns=$PID, ";
  return `${step.request.type}({${where}${attributesOf(step.request)}})`;
}

/**
 * A plan as `--dry-run` prints it: by who does it, a line for each step. After the step stand the name under which later
 * steps find its descriptor, and the errors after which the birth goes on.
 */
export function formatPlan(plan: Plan): string {
  const parts: [string, readonly (Step | HostStep)[]][] = [
    ["the engine, on the host", plan.before],
    ["the monitor", plan.monitor],
    ["the engine, while PID 1 waits", plan.birth],
    ["PID 1", plan.init],
  ];
  return parts
    .filter(([, steps]) => steps.length)
    .map(([who, steps]) => [`${who}:`, ...steps.map(planLine), ...lastOf(who, plan)].join("\n  "))
    .join("\n");
}

/** The monitor's fork is the executors' own, but in which namespaces its child is born is the plan's. */
const lastOf = (who: string, { namespaces }: Plan): string[] =>
  who === "the monitor" && namespaces ? [`clone(${flagText(namespaces)}|SIGCHLD)`] : [];

function planLine(step: Step | HostStep): string {
  const stored = "store" in step && step.store ? ` = <${step.store}>` : "";
  const fine = step.ignore?.length ? ` (goes on after ${step.ignore.join(", ")})` : "";
  return formatStep(step) + stored + fine;
}

/** A plan as JSON: the steps as they are, memory as `{text, base64}`. */
export const planToJson = (plan: Plan): string =>
  JSON.stringify(
    plan,
    (_, value: unknown) =>
      isStruct(value) ? { text: value.text, base64: value.bytes.toBase64() } : value,
    2,
  );

const isStruct = (value: unknown): value is Struct =>
  typeof value === "object" &&
  value !== null &&
  "bytes" in value &&
  value.bytes instanceof Uint8Array;
