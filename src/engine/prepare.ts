import { invalid } from "../abi/error.ts";
import { checkResources } from "../cgroup/check.ts";
import { readLayout } from "../cgroup/host.ts";
import { cgroupMounts } from "../cgroup/mounts.ts";
import { canEnter, planEnter } from "../cgroup/enter.ts";
import { planCgroup } from "../cgroup/plan.ts";
import type { Image } from "../image/image.ts";
import { tryReadText } from "../linux/files.ts";
import type { Paths } from "../linux/paths.ts";
import { hostsFile, resolvConf } from "../oci/etc.ts";
import { specFromOptions } from "../oci/from-options.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { resolveUser } from "../oci/user.ts";
import { buildPlan } from "../plan/build.ts";
import type { HostStep } from "../plan/host-step.ts";
import type { Plan } from "../plan/step.ts";
import type { ContainerOptions } from "../spec/options.ts";
import { readAccounts } from "./accounts.ts";
import type { Host } from "../plan/host.ts";
import { examineSources } from "./sources.ts";
import type { Cable } from "./network.ts";
import { protectionOf } from "./protection.ts";
import { containersDirectory } from "./record.ts";
import { cgroupPath } from "./remove.ts";

export type Prepared = { spec: RuntimeSpec; plan: Plan; warnings: string[] };

export type Request = {
  id: string;
  options: ContainerOptions;
  hostname: string;
  image: Image;
  cable: Cable | undefined;
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
  scratch,
  host,
  paths,
  idle = false,
  detached = false,
}: Request): Promise<Prepared> {
  const etc = `${containersDirectory(paths)}/${id}`;
  const layers = options.rootfs === undefined ? image.layers : [options.rootfs];
  const user = resolveUser(options.user ?? (image.config.User || "0"), readAccounts(layers));
  const protection = await protectionOf(options, user.uid, host);
  const layout = readLayout();
  const spec = specFromOptions(options, {
    id,
    hostname,
    user,
    image,
    scratch: { path: scratch, inMemory: host.upperOnTmpfs },
    etc,
    ...protection,
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
    files: examineSources(spec, etcNames),
    filter: protection.filter,
    dieWithParent: !detached,
    again: detached,
    before: [...files, ...cgroup.create],
    ...(entry ? { entry } : {}),
    birth: [...(entry ? [] : cgroup.join), ...(cable?.steps ?? [])],
  });
  return { spec, plan, warnings };
}

function etcFiles(
  directory: string,
  hostname: string,
  options: ContainerOptions,
  cable: Cable | undefined,
): HostStep[] {
  const shares = options.network === "host";
  const hosts = {
    hostname,
    address: cable?.address,
    gateway: cable?.gateway,
    extra: options.addHosts ?? [],
  };
  const texts = {
    hosts: hostsFile(hosts),
    hostname: `${hostname}\n`,
    "resolv.conf": resolvConf(readResolvConf(), options.dns ?? [], shares),
  };
  return Object.entries(texts).map(([name, text]) => ({
    call: "write",
    path: `${directory}/${name}`,
    text,
    create: 0o644,
    why: `the container's own /etc/${name}, mounted over the image's`,
  }));
}

/** systemd-resolved keeps the real servers in another file than the one that names itself. */
const readResolvConf = (): string =>
  tryReadText("/run/systemd/resolve/resolv.conf") ?? tryReadText("/etc/resolv.conf") ?? "";
