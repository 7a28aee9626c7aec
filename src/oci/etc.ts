/** The contents of the files in /etc that are made for each container (pure: text in, text out). */

export type Neighbour = { address: string; names: readonly string[] };

export type HostsFacts = {
  hostname: string;
  /** The container's own address, where it has one. */
  address?: string | undefined;
  extra: readonly { host: string; address: string }[];
  /** What `host-gateway` stands for. */
  gateway?: string | undefined;
  /** Containers on the same networks, this one included. */
  neighbours?: readonly Neighbour[];
};

/** hosts(5). */
export function hostsFile({
  hostname,
  address,
  extra,
  gateway,
  neighbours = [],
}: HostsFacts): string {
  const lines = [
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "ff00::0\tip6-mcastprefix",
    "ff02::1\tip6-allnodes",
    "ff02::2\tip6-allrouters",
    `${address ?? "127.0.1.1"}\t${hostname}`,
    ...extra.map(
      ({ host, address: a }) => `${a === "host-gateway" ? (gateway ?? "127.0.0.1") : a}\t${host}`,
    ),
    ...neighbours.map((n) => `${n.address}\t${n.names.join(" ")}`),
  ];
  return `${lines.join("\n")}\n`;
}

const isLoopback = (server: string): boolean => /^127\.|^::1$|^0\.0\.0\.0$/.test(server);

/**
 * resolv.conf(5) for a container: the host's, without the name servers that only the host can reach (a resolver on the
 * host's loopback is not there in another network namespace), or with the servers of `--dns` instead.
 */
export function resolvConf(host: string, dns: readonly string[], sharesNetwork: boolean): string {
  const lines = host.split("\n").filter((line) => line.trim() && !/^\s*[#;]/.test(line));
  const kept = lines.filter((line) => {
    const [keyword, value] = line.trim().split(/\s+/);
    if (keyword !== "nameserver") return true;
    return dns.length === 0 && (sharesNetwork || !isLoopback(value ?? ""));
  });
  return [...kept, ...dns.map((server) => `nameserver ${server}`)]
    .map((line) => `${line}\n`)
    .join("");
}
