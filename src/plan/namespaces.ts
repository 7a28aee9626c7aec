import type { CloneFlag } from "../abi/sched.ts";
import type { NamespaceType, RuntimeSpec } from "../oci/runtime-spec.ts";
import type { Step } from "./step.ts";
import { AT_FDCWD, ifreq, utf8Length } from "./values.ts";

/** What each namespace keeps apart (namespaces(7)), in the order in which the kernel makes them. */
const table: Record<NamespaceType, { flag: CloneFlag; why: string }> = {
  user: { flag: "CLONE_NEWUSER", why: "users (root inside is somebody else outside)" },
  mount: {
    flag: "CLONE_NEWNS",
    why: "mounts",
  },
  uts: { flag: "CLONE_NEWUTS", why: "the host name" },
  ipc: { flag: "CLONE_NEWIPC", why: "message queues and shared memory" },
  network: { flag: "CLONE_NEWNET", why: "interfaces, routes and ports" },
  pid: { flag: "CLONE_NEWPID", why: "process numbers (from the next child on)" },
  cgroup: { flag: "CLONE_NEWCGROUP", why: "cgroups" },
  time: { flag: "CLONE_NEWTIME", why: "clocks" },
};

/** True where the specification asks for a namespace of the container's own, neither shared nor joined. */
export const isNew = (spec: RuntimeSpec, type: NamespaceType): boolean =>
  spec.linux.namespaces.some((n) => n.type === type && n.path === undefined);

/** The kinds of which the container has its own, in the kernel's order. */
export const namespaceFlags = (spec: RuntimeSpec): CloneFlag[] =>
  spec.linux.namespaces.filter((n) => n.path === undefined).map((n) => table[n.type].flag);

/**
 * The monitor's part: join what has a path, then make what is new. The cgroup namespace comes later, in PID 1. With a user
 * namespace only the mounts are the monitor's own: see user-namespace.ts.
 */
export function planNamespaces(spec: RuntimeSpec): Step[] {
  const steps: Step[] = [];
  for (const { type, path } of spec.linux.namespaces) {
    if (path === undefined) continue;
    const why = `join a namespace that is there: ${table[type].why}`;
    const store = `${type} namespace`;
    steps.push(
      {
        call: "openat",
        dirfd: AT_FDCWD,
        pathname: path,
        flags: ["O_CLOEXEC"],
        mode: 0,
        why,
        store,
      },
      { call: "setns", fd: { stored: store }, nstype: [table[type].flag], why },
    );
  }
  const own = isNew(spec, "user") ? ["mount"] : Object.keys(table).filter((t) => t !== "cgroup");
  const fresh = spec.linux.namespaces.filter((n) => n.path === undefined && own.includes(n.type));
  if (fresh.length) {
    steps.push({
      call: "unshare",
      flags: fresh.map((n) => table[n.type].flag),
      why: `views of its own: ${fresh.map((n) => table[n.type].why).join(", ")}`,
    });
  }
  return steps;
}

const cgroupNamespace = "the container's cgroup namespace";

/**
 * Into all namespaces that a running container does not share with the host, at once: setns(2) takes a pidfd since Linux
 * 5.8. Those that it has joined (`--network container:NAME`) are among them, but not the cgroup's: from inside of it nothing
 * may be brought in from outside where cgroup2 is mounted with nsdelegate, as systemd does it (ENOENT; cgroup-v2.rst,
 * "Delegation Containment").
 */
export function planJoin(spec: RuntimeSpec, pid: number): Step[] {
  const own = spec.linux.namespaces;
  const hold: Step = {
    call: "openat",
    dirfd: AT_FDCWD,
    pathname: `/proc/${pid}/ns/cgroup`,
    flags: ["O_CLOEXEC"],
    mode: 0,
    why: "hold the cgroup namespace: it is entered last, from inside the container's group",
    store: cgroupNamespace,
  };
  return [
    {
      call: "pidfd_open",
      pid,
      flags: 0,
      why: "a hold on the container's first process that no reuse of its number can fool",
      store: "container",
    },
    ...(isNew(spec, "cgroup") ? [hold] : []),
    {
      call: "prctl",
      option: "PR_SET_DUMPABLE",
      arg2: 0,
      arg3: 0,
      arg4: 0,
      arg5: 0,
      why: "nobody in the container may look into this process before it has become the command (CVE-2016-9962)",
    },
    {
      call: "setns",
      fd: { stored: "container" },
      nstype: own.flatMap(({ type }) => (type === "cgroup" ? [] : table[type].flag)),
      why: "enter the container's namespaces; its root file system becomes this process's root",
    },
  ];
}

/** The further process's part, once it is in the container's group. */
export const planJoinCgroup = (spec: RuntimeSpec): Step[] =>
  isNew(spec, "cgroup")
    ? [
        {
          call: "setns",
          fd: { stored: cgroupNamespace },
          nstype: ["CLONE_NEWCGROUP"],
          why: "see the control groups as the container does",
        },
      ]
    : [];

/** PID 1's part, once the engine has put it into its cgroup: the namespace's root is where the process is now. */
export function planCgroupNamespace(spec: RuntimeSpec): Step[] {
  if (!isNew(spec, "cgroup")) return [];
  return [
    {
      call: "unshare",
      flags: ["CLONE_NEWCGROUP"],
      why: "from here on /proc/self/cgroup says “/”: the container cannot see where on the host it hangs",
    },
  ];
}

/** The host name, which is the container's own only in a UTS namespace of its own. */
export function planHostname(spec: RuntimeSpec): Step[] {
  if (!isNew(spec, "uts")) return [];
  const steps: Step[] = [];
  if (spec.hostname !== undefined) {
    const why = "the name that the container knows itself by";
    steps.push({ call: "sethostname", name: spec.hostname, len: utf8Length(spec.hostname), why });
  }
  if (spec.domainname !== undefined) {
    const why = "the NIS domain name (domainname(1))";
    steps.push({
      call: "setdomainname",
      name: spec.domainname,
      len: utf8Length(spec.domainname),
      why,
    });
  }
  return steps;
}

const IFF_UP_RUNNING = 0x41;

/** A new network namespace has one interface, lo, and it is down: even 127.0.0.1 is unreachable. */
export function planLoopback(spec: RuntimeSpec): Step[] {
  if (!isNew(spec, "network")) return [];
  const why = "switch the loopback interface on: in a new network namespace even 127.0.0.1 is down";
  const socket = "loopback socket";
  return [
    {
      call: "socket",
      domain: ["AF_INET"],
      type: ["SOCK_DGRAM", "SOCK_CLOEXEC"],
      protocol: 0,
      why,
      store: socket,
    },
    {
      call: "ioctl",
      fd: { stored: socket },
      request: "SIOCSIFFLAGS",
      argp: ifreq('{ifr_name="lo", ifr_flags=IFF_UP|IFF_RUNNING}', "lo", IFF_UP_RUNNING),
      why,
    },
    { call: "close", fd: { stored: socket }, why },
  ];
}
