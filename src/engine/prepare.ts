import { invalid, KontenerError } from "../abi/error.ts";
import { checkResources } from "../cgroup/check.ts";
import { readLayout } from "../cgroup/host.ts";
import { cgroupMounts } from "../cgroup/mounts.ts";
import { canEnter, planEnter } from "../cgroup/enter.ts";
import { planCgroup } from "../cgroup/plan.ts";
import type { Image } from "../image/image.ts";
import type { Paths } from "../linux/paths.ts";
import { specFromOptions, type SpecFacts } from "../oci/from-options.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { addGroups, resolveUser } from "../oci/user.ts";
import { buildPlan } from "../plan/build.ts";
import type { HostStep } from "../plan/host-step.ts";
import type { Plan } from "../plan/step.ts";
import { deviceRules } from "../security/devices.ts";
import { networkMode } from "../spec/network.ts";
import { DEFAULT_PROFILE, defaultProfile } from "../security/apparmor.ts";
import type { ContainerOptions, IdRange } from "../spec/options.ts";
import { volumesDirectory } from "../volume/paths.ts";
import { readAccounts } from "./accounts.ts";
import type { Host } from "../plan/host.ts";
import { etcFiles } from "./etc-files.ts";
import type { Cable } from "./network.ts";
import { protectionOf } from "./protection.ts";
import { containersDirectory } from "./record.ts";
import { cgroupPath } from "./remove.ts";
import { examineSources } from "./sources.ts";

export type Prepared = { spec: RuntimeSpec; plan: Plan; warnings: string[] };

export type Request = {
  id: string;
  options: ContainerOptions;
  hostname: string;
  image: Image;
  cable: Cable | undefined;
  /** The users of the host that the container's are; undefined: no user namespace. */
  idRange: IdRange | undefined;
  scratch: string;
  host: Host;
  paths: Paths;
  /** PID 1 sleeps instead of running a command. */
  idle?: boolean;
  /** It outlives this process. */
  detached?: boolean;
};

/** From a request to the plan: everything is decided here, nothing is done. */
export async function prepare({
  id,
  options,
  hostname,
  image,
  cable,
  idRange,
  scratch,
  host,
  paths,
  idle = false,
  detached = false,
}: Request): Promise<Prepared> {
  const etc = `${containersDirectory(paths)}/${id}`;
  const layers = options.rootfs === undefined ? image.layers : [options.rootfs];
  const accounts = readAccounts(layers);
  const user = resolveUser(options.user ?? (image.config.User || "0"), accounts);
  if (options.groupAdd) user.additionalGids = addGroups(user, options.groupAdd, accounts);
  checkUser(user, idRange);
  const protection = await protectionOf(options, user.uid, host);
  const layout = readLayout();
  const joined = await joinedBy(options, paths);
  const spec = specFromOptions(options, {
    id,
    hostname,
    user,
    image,
    scratch: { path: scratch, inMemory: host.upperOnTmpfs },
    etc,
    volumes: volumesDirectory(paths),
    ...protection,
    ...(await devicesOf(options)),
    joined,
    idRange,
    cgroupMounts: options.network === "host" ? [] : cgroupMounts(layout), // the host's /sys brings its own
  });
  if (idle) spec.process.args = [];
  else if (!spec.process.args.length) {
    throw invalid(
      `image ${image.name} has no command of its own`,
      "name one: kontener run IMAGE COMMAND",
    );
  }
  const resources = spec.linux.resources ?? {};
  const warnings = checkResources(resources, layout);
  const request = { path: cgroupPath(id), resources, layout };
  const cgroup = planCgroup(request);
  const entry = canEnter(host.kernel) ? planEnter(request) : undefined;
  const files = etcFiles(etc, hostname, options, cable);
  const etcNames = files.flatMap((step) => (step.call === "write" ? step.path : []));
  const plan = buildPlan(spec, {
    files: examineSources(spec, etcNames, volumesDirectory(paths)),
    filter: protection.filter,
    dieWithParent: !detached,
    again: detached,
    before: [
      ...files,
      ...(idRange ? owners(files, idRange) : []),
      ...profileFor(protection.apparmor),
      ...cgroup.create,
    ],
    ...(entry ? { entry } : {}),
    birth: [...(entry ? [] : cgroup.join), ...(cable?.steps ?? [])],
  });
  return { spec, plan, warnings };
}

/** The host's devices are looked at only where some are asked for. */
async function devicesOf({
  devices = [],
  deviceCgroupRules = [],
  privileged,
}: ContainerOptions): Promise<Pick<SpecFacts, "devices" | "nodes">> {
  const found =
    devices.length === 0
      ? { devices: [], rules: [] }
      : (await import("./devices.ts")).readDevices(devices);
  const rules = deviceCgroupRules.map((rule) => ({ allow: true, ...rule }));
  return { devices: deviceRules([...found.rules, ...rules], privileged), nodes: found.devices };
}

/** The network of another container (`--network container:NAME`), which has to run. */
async function joinedBy(
  options: ContainerOptions,
  paths: Paths,
): Promise<{ netns: string; etc: string } | undefined> {
  const found = networkMode(options);
  if (found.mode !== "container") return undefined;
  const { findContainer } = await import("./list.ts");
  const { record, status, state, directory } = findContainer(found.container, paths);
  if ((status !== "running" && status !== "paused") || !state)
    throw new KontenerError(`container ${record.name} does not run, so it has no network to join`, {
      code: "CONFLICT",
      hint: `start it first: kontener start ${record.name}`,
    });
  if (record.options.network === "host")
    throw invalid(`container ${record.name} has the host's network`, "say --network host");
  return { netns: `/proc/${state.pid}/ns/net`, etc: directory };
}

function checkUser({ uid, gid }: { uid: number; gid: number }, range: IdRange | undefined): void {
  const last = range ? range.size - 1 : Infinity;
  if (Math.max(uid, gid) > last)
    throw invalid(
      `--user ${uid}:${gid} is beyond the container's last user, ${last}`,
      "take a larger range: --userns START:SIZE",
    );
}

/** Root inside may change its own /etc/hosts. */
const owners = (files: readonly HostStep[], { start }: IdRange): HostStep[] =>
  files.flatMap((step) =>
    step.call === "write"
      ? {
          call: "chown",
          path: step.path,
          owner: start,
          group: start,
          why: "the file is the container's root's",
        }
      : [],
  );

/** One of the user's own has been loaded by the user. */
const profileFor = (profile: string | undefined): HostStep[] =>
  profile === DEFAULT_PROFILE
    ? [
        {
          call: "apparmor_parser",
          profile,
          input: defaultProfile,
          why: "the profile that AppArmor holds containers to; the kernel keeps it until a reboot",
        },
      ]
    : [];
