import { invalid } from "../abi/error.ts";
import type { ContainerOptions } from "./options.ts";

type Shared = {
  [K in "network" | "ipc"]: ContainerOptions[K] | undefined;
};

/** The IPC namespace's own (ipc_namespaces(7)); docker's list. */
const ipcNames = new Set(
  "msgmax msgmnb msgmni sem shmall shmmax shmmni shm_rmid_forced"
    .split(" ")
    .map((n) => `kernel.${n}`),
);

/**
 * Refuses a kernel parameter that is not the container's own: one that no namespace holds would change the host.
 *
 * @throws KontenerError INVALID
 */
export function checkSysctl(name: string, shared: Shared): void {
  if (name === "kernel.hostname") throw invalid("--sysctl kernel.hostname: say --hostname instead");
  if (name === "kernel.domainname")
    throw invalid(
      "--sysctl kernel.domainname: NIS domain names are not there, --hostname takes a full name",
    );
  const flag = owner(name);
  if (flag === undefined)
    throw invalid(
      `--sysctl ${name} belongs to the whole host, not to a container`,
      "a container has its own net.*, fs.mqueue.*, kernel.msg*, kernel.sem and kernel.shm*",
    );
  if (shared[flag] === "host")
    throw invalid(
      `--sysctl ${name} would change the host with --${flag} host`,
      "leave out one of the two",
    );
}

/** The flag that says whose namespace holds the parameter. */
function owner(name: string): "network" | "ipc" | undefined {
  if (name.startsWith("net.")) return "network";
  return ipcNames.has(name) || name.startsWith("fs.mqueue.") ? "ipc" : undefined;
}
