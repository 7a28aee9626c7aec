import { checkVolumeName } from "./volume-name.ts";
import { invalid } from "../abi/error.ts";
import { checkNetwork } from "./network.ts";
import { parseCpuset } from "./cpuset.ts";
import { checkDevice } from "./device.ts";
import { checkHealth } from "./health.ts";
import { isOomScoreAdj } from "./kernel-values.ts";
import type { ContainerOptions } from "./options.ts";
import { parseSignal } from "./signal.ts";
import { checkSysctl } from "./sysctl.ts";
import { checkUserNamespace } from "./userns.ts";
import { quote } from "./values.ts";

/** What programs like lxcfs show instead of the kernel's: the files that runc allows, too (libcontainer, checkProcMount). */
const procFiles: ReadonlySet<string> = new Set([
  "cpuinfo",
  "diskstats",
  "meminfo",
  "stat",
  "swaps",
  "uptime",
  "loadavg",
  "slabinfo",
  "net/dev",
  "sys/kernel/ns_last_pid",
  "sys/crypto/fips_enabled",
]);

/** docker's least: below it the kernel kills the first process before its first instruction. */
const MINIMUM_MEMORY = 6 * 1024 * 1024;
/** Unless `--memory` says otherwise. */
export const DEFAULT_MEMORY = 100 * 1024 * 1024;

/**
 * What has to hold of a container's options whether they came from flags or from the API. Messages use the flags'
 * spelling.
 *
 * @throws KontenerError INVALID, one sentence about the first rule that is broken
 */
export function checkOptions(options: ContainerOptions): void {
  for (const [key, value] of Object.entries(options)) checkText(key, value);
  for (const rule of rules) rule(options);
}

/** A string goes to the kernel as NUL-terminated bytes, so both kinds of damage would go unnoticed there. */
function checkText(where: string, value: unknown): void {
  if (typeof value === "string") {
    if (value.includes("\0")) throw invalid(`${where}: ${quote(value)} has a NUL byte in it`);
    if (!value.isWellFormed()) throw invalid(`${where}: ${quote(value)} is not Unicode text`);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, entry] of Object.entries(value)) {
      // valibot leaves them out without a word, and elsewhere in JavaScript they mean another thing.
      if (/^(__proto__|prototype|constructor)$/.test(key))
        throw invalid(`${where}: ${quote(key)} cannot be a name`);
      if (!Array.isArray(value)) checkText(where, key);
      checkText(where, entry);
    }
  }
}

const rules: readonly ((options: ContainerOptions) => void)[] = [
  ({ image, rootfs }) => {
    if (image === "" && !rootfs) throw invalid("there is no image to run");
  },
  ({ command, entrypoint }) => {
    if (command?.[0] === "" && !entrypoint?.length) throw invalid("the command is empty");
    if (entrypoint?.[0] === "") throw invalid("the entrypoint is empty");
  },
  ({ name }) => {
    if (name !== undefined) checkName("--name", name);
  },
  ({ stopSignal }) => {
    if (stopSignal !== undefined) parseSignal("--stop-signal", stopSignal);
  },
  ({ hostname, uts }) => {
    if (hostname === undefined) return;
    checkHostname(hostname);
    if (uts === "host")
      throw invalid("--hostname would rename the host with --uts host", "leave out one of the two");
  },
  ({ memory = DEFAULT_MEMORY, memorySwap }) => {
    if (memory !== "unlimited") checkMemory(memory);
    if (memorySwap === undefined || memorySwap === "unlimited") return;
    if (memory === "unlimited")
      throw invalid(`--memory-swap ${memorySwap} needs a --memory limit below it`);
    if (!(memorySwap >= memory))
      throw invalid(
        `--memory-swap ${memorySwap} is less than --memory ${memory}`,
        "it counts memory and swap together",
      );
  },
  ({ cpus }) => {
    if (cpus !== undefined && !(cpus >= 0.01 && cpus <= 8192))
      throw invalid(`--cpus ${cpus} is not a number of processors from 0.01 up`);
  },
  ({ pidsLimit }) => {
    if (pidsLimit !== undefined && pidsLimit !== "unlimited" && !(pidsLimit >= 1))
      throw invalid(`--pids-limit ${pidsLimit} leaves no room for the command`);
  },
  ({ env = {} }) => {
    const odd = Object.keys(env).find((name) => name === "" || name.includes("="));
    if (odd !== undefined) throw invalid(`--env: ${quote(odd)} is not a variable's name`);
  },
  ({ workdir }) => {
    if (workdir !== undefined && !workdir.startsWith("/"))
      throw invalid(`--workdir ${quote(workdir)} is not an absolute path`);
  },
  ({ user }) => {
    if (user !== undefined) checkUser(user);
  },
  ({ mounts = [] }) => {
    const taken = new Set<string>();
    for (const mount of mounts) {
      if (!mount.target.startsWith("/"))
        throw invalid(`--mount: the target ${quote(mount.target)} is not an absolute path`);
      if (/^\/proc(\/|$)/.test(mount.target) && !procFiles.has(mount.target.slice(6)))
        throw invalid(
          `--mount: nothing can be mounted on ${quote(mount.target)}`,
          "what the engine writes below /proc would land in it (CVE-2019-19921, CVE-2025-52881)",
        );
      if (mount.type === "bind" && !mount.source.startsWith("/"))
        throw invalid(`--mount: the source ${quote(mount.source)} is not an absolute path`);
      if (mount.type === "volume" && mount.name !== undefined) checkVolumeName(mount.name);
      if (taken.has(mount.target))
        throw invalid(`two mounts have the same target ${quote(mount.target)}`);
      taken.add(mount.target);
    }
  },
  ({ devices = [], userns = "host" }) => {
    for (const device of devices) {
      checkDevice("--device", device);
      if (userns !== "host" && device.source !== device.target)
        throw invalid(
          `--device ${device.source}:${device.target}: with --userns a device keeps its name`,
        );
    }
  },
  ({ groupAdd = [] }) => {
    for (const group of groupAdd)
      if (!/^[^\s:/,]+$/.test(group)) throw invalid(`--group-add ${quote(group)} is not a group`);
  },
  ({ domainname, uts }) => {
    if (domainname === undefined) return;
    if (!/^[a-z0-9_]([a-z0-9_.-]{0,62}[a-z0-9_])?$/i.test(domainname))
      throw invalid(`--domainname ${quote(domainname)} is not a domain's name`);
    if (uts === "host")
      throw invalid("--domainname would be the host's with --uts host", "leave out one of the two");
  },
  ({ oomScoreAdj }) => {
    if (oomScoreAdj !== undefined && !isOomScoreAdj(oomScoreAdj))
      throw invalid(`--oom-score-adj ${oomScoreAdj} is not a whole number from -1000 to 1000`);
  },
  ({ shmSize }) => {
    // To tmpfs(5) a size of 0 is no limit at all.
    if (shmSize === 0) throw invalid("--shm-size 0 is no size", "for example --shm-size 64m");
  },
  ({ cpuShares }) => {
    if (cpuShares !== undefined && !(cpuShares >= 2 && cpuShares <= 262_144))
      throw invalid(`--cpu-shares ${cpuShares} is not from 2 to 262144`);
  },
  ({ cpusetCpus, cpusetMems }) => {
    if (cpusetCpus !== undefined) parseCpuset("--cpuset-cpus", cpusetCpus);
    if (cpusetMems !== undefined) parseCpuset("--cpuset-mems", cpusetMems);
  },
  ({ memory = DEFAULT_MEMORY, memoryReservation }) => {
    if (memoryReservation !== undefined && memory !== "unlimited" && memoryReservation > memory)
      throw invalid(`--memory-reservation ${memoryReservation} is more than --memory ${memory}`);
  },
  checkHealth,
  checkNetwork,
  checkUserNamespace,
  ({ sysctls = {}, network, ipc }) => {
    for (const name of Object.keys(sysctls)) checkSysctl(name, { network, ipc });
  },
];

/** docker's rule (RestrictedNameChars), and short enough for a directory's name with something added to it. */
export function checkName(flag: string, name: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/.test(name)) return;
  throw invalid(
    `${flag} ${quote(name)} is not a container's name`,
    "2 to 128 letters, digits, dots, dashes and underscores, the first one a letter or a digit",
  );
}

/** sethostname(2) takes 64 bytes; a label of a domain name 63 (RFC 1123, and the underscore that docker allows). */
function checkHostname(name: string): void {
  const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;
  if (name.length <= 64 && name.split(".").every((part) => label.test(part))) return;
  throw invalid(
    `--hostname ${quote(name)} is not a host's name`,
    "up to 64 letters, digits and dashes, with dots between parts of at most 63",
  );
}

function checkMemory(memory: number): void {
  if (memory >= MINIMUM_MEMORY) return;
  throw invalid(
    `--memory ${memory} is too small: a container needs at least 6 MB`,
    "a number without a unit counts bytes: --memory 100m; --memory unlimited lifts the limit",
  );
}

/** `name|uid[:group|gid]`; 2^32-1 means "leave it" to setresuid(2), so it is nobody's number. */
function checkUser(user: string): void {
  const parts = user.split(":");
  const plausible = parts.every(
    (part) => /^[^\s:/]+$/.test(part) && !(/^\d+$/.test(part) && Number(part) >= 2 ** 32 - 1),
  );
  if (parts.length > 2 || !plausible)
    throw invalid(`--user ${quote(user)} is not of the form USER[:GROUP]`, "names or numbers");
}
