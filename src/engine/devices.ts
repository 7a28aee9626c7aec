import { readdirSync, statSync } from "node:fs";
import { KontenerError } from "../abi/error.ts";
import type { Device, DeviceRule } from "../oci/runtime-spec.ts";
import type { DeviceOption } from "../spec/device.ts";

export type HostDevices = { devices: Device[]; rules: DeviceRule[] };

/**
 * The nodes that `--device` means, as they are on the host at this moment: number, mode, owner. Of a directory all devices
 * in it and below, as in docker.
 *
 * @throws KontenerError NOT_FOUND, INVALID where something else is there
 */
export function readDevices(options: readonly DeviceOption[]): HostDevices {
  const found: HostDevices = { devices: [], rules: [] };
  for (const option of options) {
    const before = found.devices.length;
    collect(option, found, true);
    if (found.devices.length > before) continue;
    throw new KontenerError(`--device: there is no device in ${option.source}`, {
      code: "INVALID",
    });
  }
  return found;
}

function collect({ source, target, access }: DeviceOption, found: HostDevices, named: boolean) {
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat?.isDirectory()) {
    for (const name of readdirSync(source).sort())
      collect({ source: `${source}/${name}`, target: `${target}/${name}`, access }, found, false);
    return;
  }
  const type = stat?.isCharacterDevice() ? "c" : stat?.isBlockDevice() ? "b" : undefined;
  if (!stat || !type) {
    if (!named) return; // a socket or a link to nowhere in a directory of devices
    throw new KontenerError(
      stat ? `--device: ${source} is not a device` : `--device: there is no ${source}`,
      {
        code: stat ? "INVALID" : "NOT_FOUND",
        hint: stat ? `show it inside as a file: -v ${source}:${target}` : undefined,
      },
    );
  }
  const [major, minor] = numbersOf(stat.rdev);
  if (found.devices.some(({ path }) => path === target)) return;
  const { uid, gid, mode } = stat;
  found.devices.push({ type, path: target, major, minor, fileMode: mode & 0o777, uid, gid });
  found.rules.push({ allow: true, type, major, minor, access });
}

/** gnu_dev_major() and gnu_dev_minor(), as stat(2) packs them below 2^32. */
const numbersOf = (rdev: number): [major: number, minor: number] => [
  (rdev >>> 8) & 0xfff,
  (rdev & 0xff) | ((rdev >>> 12) & 0xfff00),
];
