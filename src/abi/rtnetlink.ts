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
      up: boolean;
      /** The other end, born inside the network namespace of `netnsPid` (`"$PID"`). */
      peer: { name: string; netnsPid: "$PID"; address?: string };
    }
  | { type: "RTM_NEWLINK"; kind: "bridge"; name: string; up: boolean }
  | { type: "RTM_SETLINK"; name: string; up: boolean }
  | { type: "RTM_DELLINK"; name: string }
  | { type: "RTM_NEWADDR"; name: string; address: string; prefix: number }
  | { type: "RTM_NEWROUTE"; destination: "default"; gateway: string };
