import { invalid } from "../abi/error.ts";
import { parseCpuset } from "../spec/cpuset.ts";
import { parseDevice, parseDeviceCgroupRule } from "../spec/device.ts";
import type { EngineOptions } from "../spec/engine-options.ts";
import { parseEnv, type OwnEnvironment, type Variable } from "../spec/env.ts";
import { parseHealthDuration, type HealthOptions } from "../spec/health.ts";
import { parseOomScoreAdj, parseSysctl, parseUlimit } from "../spec/kernel-values.ts";
import { parseLabel } from "../spec/label.ts";
import { parseMount } from "../spec/mount.ts";
import { parseRestart } from "../spec/restart.ts";
import { parseLogOption } from "../spec/log-option.ts";
import { parseAddHost, parseAddress } from "../spec/net-values.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { parsePublish } from "../spec/publish.ts";
import { parseSignal } from "../spec/signal.ts";
import { parseTmpfs } from "../spec/tmpfs.ts";
import { parseVolume } from "../spec/volume.ts";
import { parseUserns } from "../spec/userns.ts";
import {
  parseBoolean,
  parseChoice,
  parseCpus,
  parsePidsLimit,
  parseSizeLimit,
  resolvePath,
  parseInteger,
  parseSize,
} from "../spec/values.ts";
import type { FlagName } from "./flags.ts";
import { parseSeconds } from "./seconds.ts";

/** What flags may refer to. */
export type Surroundings = {
  env: OwnEnvironment;
  /** Absolute; relative paths of the host start here. */
  cwd: string;
};

/** Options while flags are read; what may come more than once under one key is still a list. */
export type Draft = {
  options: Omit<ContainerOptions, "image">;
  engine: EngineOptions;
  envFiles: string[];
  labelFiles: string[];
  warnings: string[];
  help: boolean;
  env: Variable[];
  sysctls: [string, string][];
  labels: [string, string][];
  executor?: EngineOptions["executor"];
  rm?: boolean;
  here: Surroundings;
};

export const emptyDraft = (here: Surroundings): Draft => ({
  options: {},
  engine: { dryRun: false, explain: false, step: false, executor: "launcher", format: "text" },
  envFiles: [],
  labelFiles: [],
  warnings: [],
  help: false,
  env: [],
  sysctls: [],
  labels: [],
  here,
});

type Setter = (draft: Draft, value: string) => void;
type Keys<T> = {
  [K in keyof Draft["options"]]-?: T extends Draft["options"][K] ? K : never;
}[keyof Draft["options"]];

const text =
  (key: Keys<string>): Setter =>
  (draft, value) => {
    Object.assign(draft.options, { [key]: value });
  };
const toggle =
  (flag: string, key: Keys<boolean>): Setter =>
  (draft, value) => {
    draft.options[key] = parseBoolean(flag, value);
  };
const limit =
  (flag: string, key: "memory" | "memorySwap"): Setter =>
  (draft, value) => {
    draft.options[key] = parseSizeLimit(flag, value);
  };
const namespace =
  (flag: string, key: "pid" | "uts" | "ipc" | "cgroupns"): Setter =>
  (draft, value) => {
    draft.options[key] = parseChoice(flag, value, ["private", "host"]);
  };
const list =
  (key: "groupAdd" | "capAdd" | "capDrop" | "securityOpts" | "networkAliases"): Setter =>
  ({ options }, value) => {
    (options[key] ??= []).push(value);
  };

const health =
  (name: string, key: "interval" | "timeout" | "startPeriod" | "startInterval"): Setter =>
  (draft, value) =>
    setHealth(draft, { [key]: parseHealthDuration(`--health-${name}`, value) });

function setHealth({ options }: Draft, more: HealthOptions | "none"): void {
  const { health = {} } = options;
  if (health !== "none" && more !== "none") options.health = { ...health, ...more };
  else if (options.health === undefined) options.health = more;
  else if (more !== health) throw invalid("--no-healthcheck and --health-… contradict each other");
}

/** What each flag does to the draft. A flag of the table that is missing here is a type error. */
export const setters: Readonly<Record<FlagName, Setter>> = {
  entrypoint: ({ options }, value) => {
    options.entrypoint = value === "" ? [] : [value]; // docker: empty resets the image's
  },
  env: ({ env, here }, value) => {
    const variable = parseEnv("--env", value, here.env);
    if (variable) env.push(variable);
  },
  "env-file": ({ envFiles, here }, value) => {
    if (value === "") throw invalid("--env-file needs the name of a file");
    envFiles.push(resolvePath(here.cwd, value));
  },
  workdir: text("workdir"),
  user: text("user"),
  interactive: toggle("--interactive", "interactive"),
  tty: toggle("--tty", "tty"),
  init: toggle("--init", "init"),
  detach: ({ engine }, value) => {
    engine.detach = parseBoolean("--detach", value);
  },
  name: text("name"),
  hostname: text("hostname"),
  domainname: text("domainname"),
  label: ({ labels }, value) => {
    labels.push(parseLabel("--label", value));
  },
  "label-file": ({ labelFiles, here }, value) => {
    if (value === "") throw invalid("--label-file needs the name of a file");
    labelFiles.push(resolvePath(here.cwd, value));
  },
  cidfile: ({ engine, here }, value) => {
    if (value === "") throw invalid("--cidfile needs the name of a file");
    engine.cidfile = resolvePath(here.cwd, value);
  },
  "stop-signal": ({ options }, value) => {
    options.stopSignal = parseSignal("--stop-signal", value);
  },
  "stop-timeout": ({ options }, value) => {
    options.stopTimeout = parseSeconds("--stop-timeout", value);
  },
  "health-cmd": (draft, value) => setHealth(draft, { command: value }),
  "health-interval": health("interval", "interval"),
  "health-timeout": health("timeout", "timeout"),
  "health-retries": (draft, value) =>
    setHealth(draft, { retries: parseInteger("--health-retries", value, 0, 1e6) }),
  "health-start-period": health("start-period", "startPeriod"),
  "health-start-interval": health("start-interval", "startInterval"),
  "no-healthcheck": (draft, value) => {
    if (parseBoolean("--no-healthcheck", value)) setHealth(draft, "none");
  },
  keep: toggle("--keep", "keep"),
  rm: (draft, value) => {
    draft.rm = parseBoolean("--rm", value);
  },
  pull: ({ engine }, value) => {
    engine.pull = parseChoice("--pull", value, ["missing", "always", "never"]);
  },
  platform: ({ engine }, value) => {
    engine.platform = value;
  },
  restart: ({ engine }, value) => {
    const policy = parseRestart("--restart", value);
    if (policy) engine.restart = policy;
    else delete engine.restart;
  },
  "log-opt": ({ engine }, value) => {
    engine.logs = { ...engine.logs, ...parseLogOption("--log-opt", value) };
  },
  rootfs: ({ options, here }, value) => {
    if (value === "") throw invalid("--rootfs needs a directory");
    options.rootfs = resolvePath(here.cwd, value);
  },
  volume: ({ options, warnings, here }, value) => {
    const parsed = parseVolume("--volume", value, here.cwd);
    (options.mounts ??= []).push(parsed.value);
    warnings.push(...parsed.warnings);
  },
  mount: ({ options, here }, value) => {
    (options.mounts ??= []).push(parseMount("--mount", value, here.cwd));
  },
  tmpfs: ({ options }, value) => {
    (options.mounts ??= []).push(parseTmpfs("--tmpfs", value));
  },
  "read-only": toggle("--read-only", "readOnly"),
  memory: limit("--memory", "memory"),
  "memory-swap": limit("--memory-swap", "memorySwap"),
  cpus: ({ options }, value) => {
    options.cpus = parseCpus("--cpus", value);
  },
  "pids-limit": ({ options }, value) => {
    options.pidsLimit = parsePidsLimit("--pids-limit", value);
  },
  ulimit: ({ options }, value) => {
    (options.ulimits ??= []).push(parseUlimit("--ulimit", value));
  },
  network: ({ options }, value) => {
    // One word as long as it is one: so most containers' records say "bridge", not ["bridge"].
    options.network = options.network === undefined ? value : [options.network, value].flat();
  },
  isolated: toggle("--isolated", "isolated"),
  publish: ({ options }, value) => {
    (options.publish ??= []).push(...parsePublish("--publish", value));
  },
  "publish-all": toggle("--publish-all", "publishAll"),
  ip: text("ip"),
  "network-alias": list("networkAliases"),
  dns: ({ options }, value) => {
    (options.dns ??= []).push(parseAddress("--dns", value));
  },
  "add-host": ({ options }, value) => {
    (options.addHosts ??= []).push(parseAddHost("--add-host", value));
  },
  pid: namespace("--pid", "pid"),
  uts: namespace("--uts", "uts"),
  ipc: namespace("--ipc", "ipc"),
  cgroupns: namespace("--cgroupns", "cgroupns"),
  userns: ({ options }, value) => {
    options.userns = parseUserns("--userns", value);
  },
  sysctl: ({ sysctls }, value) => {
    sysctls.push(parseSysctl("--sysctl", value));
  },
  device: ({ options }, value) => {
    (options.devices ??= []).push(parseDevice("--device", value));
  },
  "device-cgroup-rule": ({ options }, value) => {
    const rule = parseDeviceCgroupRule("--device-cgroup-rule", value);
    (options.deviceCgroupRules ??= []).push(rule);
  },
  "group-add": list("groupAdd"),
  "oom-score-adj": ({ options }, value) => {
    options.oomScoreAdj = parseOomScoreAdj("--oom-score-adj", value);
  },
  "shm-size": ({ options }, value) => {
    options.shmSize = parseSize("--shm-size", value);
  },
  "memory-reservation": ({ options }, value) => {
    options.memoryReservation = parseSize("--memory-reservation", value);
  },
  "cpu-shares": ({ options }, value) => {
    options.cpuShares = parseInteger("--cpu-shares", value, 2, 262_144);
  },
  "cpuset-cpus": ({ options }, value) => {
    options.cpusetCpus = parseCpuset("--cpuset-cpus", value);
  },
  "cpuset-mems": ({ options }, value) => {
    options.cpusetMems = parseCpuset("--cpuset-mems", value);
  },
  "cap-add": list("capAdd"),
  "cap-drop": list("capDrop"),
  "security-opt": list("securityOpts"),
  privileged: toggle("--privileged", "privileged"),
  "dry-run": ({ engine }, value) => {
    engine.dryRun = parseBoolean("--dry-run", value);
  },
  explain: ({ engine }, value) => {
    engine.explain =
      value === "json" || value === "text" ? value : parseBoolean("--explain", value) && "text";
  },
  step: ({ engine }, value) => {
    engine.step = parseBoolean("--step", value);
  },
  executor: (draft, value) => {
    draft.executor = parseChoice("--executor", value, ["launcher", "reference"]);
  },
  format: ({ engine }, value) => {
    engine.format = parseChoice("--format", value, ["text", "json"]);
  },
  help: (draft, value) => {
    draft.help = parseBoolean("--help", value);
  },
};
