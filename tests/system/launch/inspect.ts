import { readlinkSync } from "node:fs";

/** What the script below prints, section by section. */
export type Inside = Record<string, string>;

const namespaces = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

/** A shell script that tells all that a process can know about where it is. */
export const inspection = `
s() { echo "== $1"; shift; "$@" 2>&1; }
ns() { for n in ${namespaces.join(" ")}; do echo $n $(readlink /proc/$$/ns/$n); done; }
s namespaces ns
s mounts cat /proc/$$/mountinfo
s root ls -lnA /
s dev ls -lnA /dev /dev/pts /dev/shm
s hostname hostname
s limits cat /proc/$$/limits
s status grep -E '^(Cap|NoNewPrivs|Seccomp|Sig|Shd|Umask|Uid|Gid|Groups|NS)' /proc/$$/status
s environment env
s descriptors ls -l /proc/$$/fd
s directory pwd
s stat sh -c 'cut -d" " -f1,4-8 < /proc/$PPID/stat'
s oom cat /proc/$$/oom_score_adj
s cgroup cat /proc/$$/cgroup
s interfaces cat /proc/net/dev
s processes ps -o pid,ppid,args
`;

/** Cuts the script's output into sections, with the differences that each start has taken out. */
export function readInspection(output: string, scratch: string): Inside {
  const sections = output.split(/^== /m).slice(1);
  const inside: Inside = {};
  for (const section of sections) {
    const end = section.indexOf("\n");
    inside[section.slice(0, end)] = section.slice(end + 1).replaceAll(scratch, "SCRATCH");
  }
  inside["namespaces"] = namespaceKinds(inside["namespaces"] ?? "");
  inside["mounts"] = mountTree(inside["mounts"] ?? "");
  // /proc counts processes in its number of links.
  inside["root"] = withoutTimes(inside["root"] ?? "").replace(/ +\d+( .* \S*proc\S*)$/m, "$1");
  inside["dev"] = withoutTimes(inside["dev"] ?? "");
  inside["descriptors"] = withoutTimes(inside["descriptors"] ?? "");
  const [pid, parent] = inside["stat"]!.split(" ") as [string, string];
  // How many signals are queued for the user counts those of every process on the host.
  inside["status"] = inside["status"]!.replace(/^(SigQ:\s*)\d+/m, "$1N");
  for (const name of ["stat", "status", "processes"])
    inside[name] = inside[name]!.replace(new RegExp(`\\b${pid}\\b`, "g"), "PID").replace(
      new RegExp(`\\b${parent}\\b`, "g"),
      "PARENT",
    );
  // In the host's PID namespace there are others.
  inside["processes"] = inside["processes"]!.match(/^ *PID .*$/gm)!.join("\n");
  inside["interfaces"] = (inside["interfaces"] ?? "").replace(/:.*$/gm, "");
  return inside;
}

/** "uts new" or "uts shared": the numbers differ from start to start. */
const namespaceKinds = (text: string): string =>
  text.replace(
    /^(\S+) (.*)$/gm,
    (_, name: string, link: string) =>
      `${name} ${link === readlinkSync(`/proc/self/ns/${name}`) ? "shared" : "new"}`,
  );

/** Mounts by their place in the list, which is the same each time; ids and device numbers are not. */
function mountTree(mountinfo: string): string {
  const lines = mountinfo
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split(" "));
  const ids = lines.map(([id]) => id);
  return lines
    .map(([, parent, , ...rest], i) => [i, ids.indexOf(parent), ...rest].join(" "))
    .join("\n");
}

const withoutTimes = (listing: string): string =>
  listing.replace(/ \w{3} +\d+ +(\d\d:\d\d|\d{4}) /g, " ");
