/**
 * A request to the kernel's routing socket (rtnetlink(7)), as data: what `ip link|addr|route` would send.
 * Interfaces are named, not numbered: the index is looked up in the namespace when the request is sent.
 */
export type LinkRequest =
  | {
      type: "RTM_NEWLINK";
      kind: "veth";
      name: string;
      /** The bridge that the host's end joins. */
      master?: string;
      /** Largest packet, for both ends. The kernel's default is 1500. */
      mtu?: number;
      up: boolean;
      /** The other end, born inside the network namespace of `netnsPid` (`"$PID"`); `address` is its MAC. */
      peer: { name: string; netnsPid: "$PID"; address?: string };
    }
  | {
      type: "RTM_NEWLINK";
      kind: "bridge";
      name: string;
      /** Its MAC. Without one a bridge takes the lowest of its ports', and changes it when they come and go. */
      address?: string;
      mtu?: number;
      up: boolean;
    }
  /** `alias` is free text that the kernel keeps with the interface, up to 255 bytes. */
  | { type: "RTM_SETLINK"; name: string; up: boolean; alias?: string }
  /** A bridge's port. `isolated`: it exchanges nothing with others that are; `hairpin`: frames may go back where they came from. */
  | { type: "RTM_SETLINK"; name: string; port: "isolated" | "hairpin" }
  | { type: "RTM_DELLINK"; name: string }
  | { type: "RTM_NEWADDR"; name: string; address: string; prefix: number }
  | { type: "RTM_NEWROUTE"; destination: "default"; gateway: string }
  /** A place for filters where frames come in from an interface, before anything else sees them. */
  | { type: "RTM_NEWQDISC"; kind: "ingress"; name: string }
  /** A filter there: a classic BPF program, whose result is the verdict. `text` says what it lets pass. */
  | {
      type: "RTM_NEWTFILTER";
      kind: "bpf";
      name: string;
      program: { text: string; bytes: Uint8Array };
    };
