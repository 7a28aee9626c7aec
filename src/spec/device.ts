import { invalid } from "../abi/error.ts";
import { quote, resolvePath } from "./values.ts";

/** A device of the host's, or a directory of devices, in the container's /dev. */
export type DeviceOption = {
  /** Absolute. */
  source: string;
  /** Absolute, below /dev. */
  target: string;
  /** What it may do with it: letters of "rwm", to read, to write, to make nodes. */
  access: string;
};

/** `--device HOST[:CONTAINER][:rwm]`, as docker has it: what consists of these three letters is no path. */
export function parseDevice(flag: string, text: string): DeviceOption {
  const [source = "", ...rest] = text.split(":");
  const access = isAccess(rest.at(-1)) ? rest.pop()! : "rwm";
  const [target = source, ...more] = rest;
  if (!source.startsWith("/") || more.length > 0)
    throw invalid(
      `${flag} ${quote(text)} is not of the form HOST[:CONTAINER][:rwm]`,
      `for example ${flag} /dev/fuse, or ${flag} /dev/sdb:/dev/disk:r`,
    );
  const device = {
    source: resolvePath("/", source),
    target: target.startsWith("/") ? resolvePath("/", target) : target,
    access,
  };
  checkDevice(flag, device);
  return device;
}

/** What has to hold of a device however it was asked for. */
export function checkDevice(flag: string, { source, target, access }: DeviceOption): void {
  if (!source.startsWith("/"))
    throw invalid(`${flag}: the device ${quote(source)} is not an absolute path`);
  if (!isAccess(access))
    throw invalid(`${flag}: ${quote(access)} does not consist of the letters r, w and m`);
  const plain = target === resolvePath("/", target);
  if (!plain || !target.startsWith("/dev/"))
    throw invalid(
      `${flag}: ${quote(target)} is not a place below /dev`,
      `say where it shall be: ${flag} ${source}:/dev/${source.split("/").at(-1)}`,
    );
  if (/^\/dev\/((pts|shm|mqueue)(\/|$)|(fd|stdin|stdout|stderr|ptmx|console|tty)$)/.test(target))
    throw invalid(`${flag}: ${target} is the container's own`);
}

const isAccess = (text: string | undefined): boolean =>
  text !== undefined && /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;

/** A rule of the device cgroup; a number that is left out stands for all. */
export type DeviceCgroupRule = {
  type: "a" | "c" | "b";
  major?: number;
  minor?: number;
  access: string;
};

/** `--device-cgroup-rule "c 10:* rwm"`: the kernel's form (cgroup-v1/devices.rst). */
export function parseDeviceCgroupRule(flag: string, text: string): DeviceCgroupRule {
  const match = /^([acb]) (\*|\d{1,7}):(\*|\d{1,7}) ([rwm]{1,3})$/.exec(text);
  if (!match || !isAccess(match[4]))
    throw invalid(
      `${flag} ${quote(text)} is not of the form "TYPE MAJOR:MINOR ACCESS"`,
      `for example ${flag} "c 10:* rwm"`,
    );
  const [, type, major, minor, access] = match;
  return {
    type: type as DeviceCgroupRule["type"],
    ...(major === "*" ? {} : { major: Number(major) }),
    ...(minor === "*" ? {} : { minor: Number(minor) }),
    access: access!,
  };
}
