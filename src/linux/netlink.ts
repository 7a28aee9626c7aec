import { close } from "./files.ts";
import { SyscallError } from "../abi/error.ts";
import { ioctlRequests } from "../abi/ioctl.ts";
import { NetlinkWriter } from "../abi/netlink-writer.ts";
import { encodeGetTable } from "../abi/nftables.ts";
import { parseAcks, type Ack } from "../abi/rtnetlink-ack.ts";
import { AF_NETLINK, netlinkSocket, SOL_NETLINK } from "../abi/rtnetlink-constants.ts";
import { encodeRequest, indexesNeeded } from "../abi/rtnetlink-encode.ts";
import type { LinkRequest } from "../abi/rtnetlink.ts";
import { call, memory, tryCall } from "./libc.ts";
import { inNetworkNamespace } from "./namespace.ts";

const MSG_DONTWAIT = 0x40;
const receiveBuffer = memory(8192);
const one = memory(4);
one[0] = 1;

const open = (protocol: number): number =>
  call("socket", AF_NETLINK, netlinkSocket.SOCK_RAW + netlinkSocket.SOCK_CLOEXEC, protocol);

/**
 * A netlink(7) socket. The kernel does what a message asks for before sendto(2) returns, so the answers are there at
 * once, and nothing ever waits.
 */
class NetlinkSocket implements Disposable {
  readonly fd: number;

  constructor(protocol: number, netnsPid?: number) {
    const make = (): number => open(protocol);
    this.fd = netnsPid === undefined ? make() : inNetworkNamespace(netnsPid, make);
    for (const option of [netlinkSocket.NETLINK_CAP_ACK, netlinkSocket.NETLINK_EXT_ACK])
      call("setsockopt", this.fd, SOL_NETLINK, option, one, one.length);
  }

  /** Sends messages in one, and returns the acknowledgement of each. */
  exchange(batch: NetlinkWriter, count: number): Ack[] {
    const bytes = batch.bytes();
    call("sendto", this.fd, bytes, bytes.length, 0, null, 0);
    const acks: Ack[] = [];
    while (acks.length < count) {
      const { length } = receiveBuffer;
      const size = call("recvfrom", this.fd, receiveBuffer, length, MSG_DONTWAIT, null, 0);
      acks.push(...parseAcks(receiveBuffer.subarray(0, size)));
    }
    return acks;
  }

  [Symbol.dispose](): void {
    close(this.fd);
  }
}

/** Whether nftables has a table of the family `ip`, without starting nft(8). */
export function hasNftTable(name: string): boolean {
  try {
    using socket = new NetlinkSocket(netlinkSocket.NETLINK_NETFILTER);
    const out = new NetlinkWriter();
    encodeGetTable(out, name);
    return socket.exchange(out, 1)[0]?.errno === 0;
  } catch (error) {
    if (error instanceof SyscallError && error.errno === "EPROTONOSUPPORT") return false; // no netfilter
    throw error;
  }
}

/** A routing socket (rtnetlink(7)) in the host's network namespace or in another process's. */
export class RouteSocket extends NetlinkSocket {
  /** @param netnsPid a process in whose network namespace the socket shall be; the caller's own without it. */
  constructor(netnsPid?: number) {
    super(netlinkSocket.NETLINK_ROUTE, netnsPid);
  }

  /**
   * Sends requests, as many as possible in one message, and returns an answer for each, in order. One that the kernel
   * refuses does not keep the next from being tried.
   *
   * @param pid what `$PID` stands for.
   */
  send(requests: readonly LinkRequest[], pid: number): Ack[] {
    const acks: Ack[] = [];
    const indexes = new Map<string, number>();
    let batch = new NetlinkWriter();
    let pending = 0;
    const flush = (): void => {
      if (pending > 0) acks.push(...this.exchange(batch, pending));
      batch = new NetlinkWriter();
      pending = 0;
    };
    for (const request of requests) {
      for (const name of indexesNeeded(request)) {
        if (indexes.has(name)) continue;
        flush(); // it may be one of these that makes the interface
        indexes.set(name, this.#indexOf(name));
      }
      encodeRequest(batch, request, { sequence: ++pending, indexes, pid });
    }
    flush();
    return acks;
  }

  /** Index of an interface in the socket's namespace: SIOCGIFINDEX of netdevice(7). */
  #indexOf(name: string): number {
    const ifreq = memory(40); // the name in the first 16 bytes, the answer behind it
    new TextEncoder().encodeInto(name, ifreq.subarray(0, 15));
    const result = tryCall("ioctl", this.fd, ioctlRequests.SIOCGIFINDEX, ifreq);
    if (result < 0)
      throw new SyscallError({
        call: "ioctl",
        args: `SIOCGIFINDEX, {ifr_name="${name}"}`,
        errno: -result,
        step: `look for interface ${name}`,
      });
    return new DataView(ifreq.buffer).getInt32(16, true);
  }
}
