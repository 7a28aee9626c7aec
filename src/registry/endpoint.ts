import type { Reference } from "../oci/reference.ts";
import type { Settings } from "./settings.ts";

/** A server that may have what is asked for, and the ways to talk to it, the best first. */
export type Endpoint = {
  /** What messages and credentials call it: `docker.io`, `localhost:5000`. */
  registry: string;
  /** Without a slash at the end. */
  bases: string[];
  /** Its certificate is not looked at. */
  insecure: boolean;
};

const HUB = { registry: "docker.io", host: "registry-1.docker.io" };

/** `localhost`, 127.0.0.0/8, ::1. What goes there leaves the machine for nobody to see. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Plain http is for loopback, and for who asked for it; https goes first even there, as in docker. */
export function endpointOf(registry: string, insecure: boolean): Endpoint {
  const host = registry === HUB.registry ? HUB.host : registry;
  const trusted = insecure || isLoopback(host);
  const bases = [`https://${host}`, ...(trusted ? [`http://${host}`] : [])];
  return { registry, bases, insecure: trusted };
}

export type TrustOptions = {
  /** False: plain http and unknown certificates will do (`--tls-verify=false`). */
  tlsVerify?: boolean | undefined;
};

/** Where to pull from, in order: mirrors are for Docker Hub, as in docker. Pushing goes to the last. */
export function endpointsOf(
  { registry }: Reference,
  { mirrors, insecure }: Settings,
  { tlsVerify = true }: TrustOptions,
): [...Endpoint[], Endpoint] {
  const own = endpointOf(registry, !tlsVerify || insecure.includes(registry));
  if (registry !== HUB.registry) return [own];
  const before = mirrors.map((url): Endpoint => {
    const { host, origin } = new URL(url);
    const loose = insecure.includes(host) || isLoopback(host);
    return { registry: host, bases: [origin], insecure: loose };
  });
  return [...before, own];
}
