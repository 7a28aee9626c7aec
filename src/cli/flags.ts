/**
 * A flag of `run` and `sh`, in docker's spelling. Parsing, `--help` and completion read this one table.
 */
export type Flag = {
  name: string;
  short?: string;
  /** Further spellings that docker has. */
  aliases?: readonly string[];
  /** What stands for the value in `--help`. Without it the flag is a switch; a switch may be given as `--flag=false`. */
  value?: string;
  repeatable?: true;
  help: string;
};

const flag = <const T extends Flag>(value: T): T => value;

/** By subject, as `--help` shows them. */
export const flagGroups = {
  "What runs": [
    flag({
      name: "entrypoint",
      value: "COMMAND",
      help: "run this instead of the image's entrypoint",
    }),
    flag({
      name: "env",
      short: "e",
      value: "NAME[=VALUE]",
      repeatable: true,
      help: "set a variable; without a value take over your own",
    }),
    flag({
      name: "env-file",
      value: "FILE",
      repeatable: true,
      help: "set variables from a file of NAME=VALUE lines",
    }),
    flag({
      name: "workdir",
      short: "w",
      value: "DIR",
      help: "the directory in which the command starts",
    }),
    flag({
      name: "user",
      short: "u",
      value: "USER[:GROUP]",
      help: "the command's user, by name or number",
    }),
    flag({ name: "interactive", short: "i", help: "connect standard input" }),
    flag({ name: "tty", short: "t", help: "give the command a terminal" }),
    flag({ name: "init", help: "run a small init as PID 1, which reaps orphans" }),
    flag({
      name: "detach",
      short: "d",
      help: "print the container's id and leave it running; kontener logs shows what it prints",
    }),
  ],
  "The container": [
    flag({ name: "name", value: "NAME", help: "a name, instead of a random one" }),
    flag({
      name: "hostname",
      short: "h",
      value: "NAME",
      help: "the host name inside (default: mini- and five letters)",
    }),
    flag({ name: "domainname", value: "NAME", help: "the NIS domain name inside" }),
    flag({
      name: "label",
      short: "l",
      value: "KEY[=VALUE]",
      repeatable: true,
      help: "a note that programs may read",
    }),
    flag({
      name: "label-file",
      value: "FILE",
      repeatable: true,
      help: "labels from a file of KEY=VALUE lines",
    }),
    flag({ name: "cidfile", value: "FILE", help: "write the container's id to a new file" }),
    flag({
      name: "stop-signal",
      value: "SIGNAL",
      help: "what kontener stop asks it to end with (default: the image's, or SIGTERM)",
    }),
    flag({
      name: "stop-timeout",
      value: "SECONDS",
      help: "how long kontener stop waits before it kills it (default: 10; -1 is for ever)",
    }),
    flag({ name: "keep", help: "keep the container's files when it ends" }),
    flag({
      name: "rm",
      help: "remove the container when it ends (the default, but with -d it stays until kontener rm)",
    }),
    flag({
      name: "pull",
      value: "missing|always|never",
      help: "when to get the image from its registry (default: missing)",
    }),
    flag({
      name: "platform",
      value: "OS/ARCH[/VARIANT]",
      help: "the image for another platform than this machine's: linux/arm64",
    }),
    flag({
      name: "restart",
      value: "no|on-failure[:N]|always|unless-stopped",
      help: "with -d: start it again when it has ended by itself",
    }),
    flag({
      name: "log-opt",
      value: "max-size=SIZE|max-file=N",
      repeatable: true,
      help: "with -d: how much output is kept (default: max-size=10m, max-file=3)",
    }),
  ],
  Health: [
    flag({
      name: "health-cmd",
      value: "COMMAND",
      help: "a line for the container's shell: 0 is well, anything else is not",
    }),
    flag({
      name: "health-interval",
      value: "TIME",
      help: "between two probes (default: 30s)",
    }),
    flag({
      name: "health-timeout",
      value: "TIME",
      help: "a probe that takes longer has failed (default: 30s)",
    }),
    flag({
      name: "health-retries",
      value: "N",
      help: "failures in a row after which it is unhealthy (default: 3)",
    }),
    flag({
      name: "health-start-period",
      value: "TIME",
      help: "failures do not count so long after the start (default: 0s)",
    }),
    flag({
      name: "health-start-interval",
      value: "TIME",
      help: "between two probes during that time (default: 5s)",
    }),
    flag({ name: "no-healthcheck", help: "no probes, whatever the image says" }),
  ],
  Files: [
    flag({
      name: "rootfs",
      value: "DIR",
      help: "use a directory as root file system, in place, instead of an image",
    }),
    flag({
      name: "volume",
      short: "v",
      value: "SOURCE:TARGET[:ro]",
      repeatable: true,
      help: "show a directory or file of the host inside",
    }),
    flag({
      name: "mount",
      value: "type=bind,source=…,target=…",
      repeatable: true,
      help: "the same in words; or type=tmpfs,target=…",
    }),
    flag({
      name: "tmpfs",
      value: "DIR[:OPTIONS]",
      repeatable: true,
      help: "an empty directory in memory",
    }),
    flag({ name: "read-only", help: "make the root file system read-only" }),
  ],
  Limits: [
    flag({
      name: "memory",
      short: "m",
      value: "SIZE",
      help: "memory: 512k, 100m, 1g or unlimited (default: 100m)",
    }),
    flag({
      name: "memory-swap",
      value: "SIZE",
      help: "memory and swap together (default: as --memory, so no swap)",
    }),
    flag({
      name: "memory-reservation",
      value: "SIZE",
      help: "memory that it keeps when the host runs short",
    }),
    flag({
      name: "cpu-shares",
      short: "c",
      value: "NUMBER",
      help: "a weight for when processors are busy (default: 1024)",
    }),
    flag({ name: "cpuset-cpus", value: "LIST", help: "the processors that it may use: 0-2,5" }),
    flag({ name: "cpuset-mems", value: "LIST", help: "the memory nodes that it may use" }),
    flag({
      name: "oom-score-adj",
      value: "NUMBER",
      help: "how soon it is killed when memory runs out, from -1000 (never) to 1000",
    }),
    flag({ name: "shm-size", value: "SIZE", help: "the size of /dev/shm (default: 64m)" }),
    flag({ name: "cpus", value: "NUMBER", help: "processors: 0.5 is half of one" }),
    flag({
      name: "pids-limit",
      value: "NUMBER",
      help: "the most processes at a time, or unlimited",
    }),
    flag({
      name: "ulimit",
      value: "NAME=SOFT[:HARD]",
      repeatable: true,
      help: "a resource limit: nofile=1024:2048",
    }),
  ],
  Network: [
    flag({
      name: "network",
      aliases: ["net"],
      value: "bridge|none|host|NAME|container:NAME",
      repeatable: true,
      help: "the bridge (the default), none, the host's, another container's, or networks of kontener network create",
    }),
    flag({
      name: "isolated",
      help: "reach the gateway and the outside, but no other container",
    }),
    flag({
      name: "publish",
      short: "p",
      value: "[ADDRESS:][PORT:]PORT[/udp]",
      repeatable: true,
      help: "reach a port of the container at one of the host's: 8080:80, or a free one",
    }),
    flag({
      name: "publish-all",
      short: "P",
      help: "reach each port that the image exposes at a free one of the host's",
    }),
    flag({ name: "ip", value: "ADDRESS", help: "its address on the first --network" }),
    flag({
      name: "network-alias",
      aliases: ["net-alias"],
      value: "NAME",
      repeatable: true,
      help: "a further name for the neighbours on a network of yours",
    }),
    flag({ name: "dns", value: "ADDRESS", repeatable: true, help: "a name server" }),
    flag({
      name: "add-host",
      value: "HOST:ADDRESS",
      repeatable: true,
      help: "a line of /etc/hosts; host-gateway is the host",
    }),
  ],
  Isolation: [
    flag({
      name: "pid",
      value: "private|host",
      help: "whose processes the container sees (default: private)",
    }),
    flag({ name: "uts", value: "private|host", help: "whose host name it has" }),
    flag({ name: "ipc", value: "private|host", help: "whose shared memory and message queues" }),
    flag({ name: "cgroupns", value: "private|host", help: "whose tree of cgroups it sees" }),
    flag({
      name: "userns",
      value: "auto|host|START:SIZE",
      help: "who root inside is on the host: nobody, by a range of users, or root (default: host)",
    }),
    flag({
      name: "sysctl",
      value: "NAME=VALUE",
      repeatable: true,
      help: "a kernel parameter of the container's own namespaces",
    }),
    flag({
      name: "device",
      value: "HOST[:CONTAINER][:rwm]",
      repeatable: true,
      help: "a device of the host, or a directory of them, to read, write, make",
    }),
    flag({
      name: "device-cgroup-rule",
      value: "RULE",
      repeatable: true,
      help: 'what may be opened besides: "c 10:* rwm"',
    }),
    flag({
      name: "group-add",
      value: "GROUP",
      repeatable: true,
      help: "a further group of the command's user",
    }),
    flag({
      name: "cap-add",
      value: "CAPABILITY",
      repeatable: true,
      help: "a capability besides the default ones, or ALL",
    }),
    flag({ name: "cap-drop", value: "CAPABILITY", repeatable: true, help: "one less, or ALL" }),
    flag({
      name: "security-opt",
      value: "NAME=VALUE",
      repeatable: true,
      help: "seccomp=FILE|unconfined, apparmor=NAME|unconfined, no-new-privileges=false, …",
    }),
    flag({ name: "privileged", help: "no protection at all: root inside is root outside" }),
  ],
  Watching: [
    flag({ name: "dry-run", help: "print every step of the start and do none of them" }),
    flag({
      name: "explain",
      help: "narrate every step while it happens (--explain=json for programs)",
    }),
    flag({ name: "step", help: "do one step each time you press Enter" }),
    flag({
      name: "executor",
      value: "launcher|reference",
      help: "who makes the system calls (default: launcher)",
    }),
    flag({
      name: "format",
      value: "text|json",
      help: "print the result as JSON when the container has ended",
    }),
    flag({ name: "help", help: "print this" }),
  ],
} as const;

export const runFlags = Object.values(flagGroups).flat();
export type FlagName = (typeof runFlags)[number]["name"];
