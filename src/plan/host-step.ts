import type { LinkRequest } from "../abi/rtnetlink.ts";
import type { Struct } from "./signatures.ts";

/** A port of the host's that leads to a container's. */
export type PublishedPort = {
  protocol: "tcp" | "udp";
  hostIp: string;
  hostPort: number;
  address: string;
  containerPort: number;
  /** `0.0.0.0:8080->80/tcp` */
  text: string;
};

/**
 * One thing that the engine does on the host's side of a birth: data, like the child's steps, so that it can be printed,
 * explained and done. `$PID` in a text or a path stands for the container's first process, as seen from the host.
 */
export type HostStep = {
  /** One line on what it is for. */
  why: string;
  /** Error names after which the birth goes on (a directory that is there already). */
  ignore?: readonly string[];
} & (
  | { call: "mkdir"; path: string; mode: number }
  /** A file that is there already (cgroupfs), unless `create` gives the mode of a new one. */
  | { call: "write"; path: string; text: string; create?: number }
  | { call: "chown"; path: string; owner: number; group: number }
  /** Loads a device program and attaches it to the control group at `target` (cgroup v2). */
  | { call: "bpf"; target: string; program: Struct }
  /** Makes the firewall's rules fit the ports that are noted, among them these. */
  | {
      call: "publish";
      bridge: string;
      ports: readonly PublishedPort[];
      state: { lib: string; run: string };
    }
  /** Makes /etc/hosts of all on these networks (`name=subnet`) fit who is there. */
  | {
      call: "announce";
      id: string;
      networks: readonly string[];
      state: { lib: string; run: string };
    }
  /** A profile that the kernel is to have; one that it has stays as it is. */
  | { call: "apparmor_parser"; profile: string; input: string }
  | { call: "netlink"; netns: "host" | "container"; request: LinkRequest }
);
