import type { LinkRequest } from "../abi/rtnetlink.ts";
import type { Struct } from "./signatures.ts";

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
  /** Loads a device program and attaches it to the control group at `target` (cgroup v2). */
  | { call: "bpf"; target: string; program: Struct }
  | { call: "netlink"; netns: "host" | "container"; request: LinkRequest }
);
