import type { Mount } from "../oci/runtime-spec.ts";
import { homeOf, type CgroupLayout } from "./layout.ts";

const flags = ["nosuid", "noexec", "nodev", "relatime", "ro"];

/** What programs look up to learn what they may use (Java's and Node's heap sizes, Go's processors). */
const visible = ["memory", "cpu", "cpuacct", "pids"] as const;

/**
 * /sys/fs/cgroup as the container sees it: read-only, so that no release_agent or limit can be written (CVE-2022-0492), and
 * from its own group on, by the cgroup namespace. On v1 a tmpfs with one mount for each tree.
 */
export function cgroupMounts(layout: CgroupLayout): Mount[] {
  const destination = "/sys/fs/cgroup";
  if (layout.version === "v2")
    return [{ destination, type: "cgroup2", source: "cgroup", options: flags }];
  const trees = new Set(visible.flatMap((controller) => homeOf(layout, controller) ?? []));
  const tmpfs = { destination, type: "tmpfs", source: "tmpfs" };
  return [
    { ...tmpfs, options: ["nosuid", "noexec", "nodev", "mode=755"] },
    ...Array.from(trees, ({ controllers }) => ({
      destination: `${destination}/${controllers.join(",")}`,
      type: "cgroup",
      source: "cgroup",
      options: [...flags, controllers.join(",")],
    })),
    { ...tmpfs, options: ["remount", "nosuid", "noexec", "nodev", "ro", "mode=755"] }, // all places are made
  ];
}
