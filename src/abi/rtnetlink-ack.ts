import { NLMSG_ERROR, NLMSGERR_ATTR_MSG, nlmFlags, structSizes } from "./rtnetlink-constants.ts";

/** The kernel's answer to one request. */
export type Ack = {
  sequence: number;
  /** 0 where it was done, else the error's number, positive. */
  errno: number;
  /** What was wrong, in the kernel's words (Linux 4.12, and not for every error). */
  message: string | undefined;
};

const utf8 = new TextDecoder();

/** Reads the acknowledgements (struct nlmsgerr in an NLMSG_ERROR) in a datagram; other messages are passed over. */
export function parseAcks(datagram: Uint8Array): Ack[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const acks: Ack[] = [];
  for (let at = 0; at + structSizes.nlmsghdr <= view.byteLength;) {
    const length = view.getUint32(at, true);
    if (length < structSizes.nlmsghdr || at + length > view.byteLength) break; // torn
    const complete = length >= structSizes.nlmsghdr + structSizes.nlmsgerr;
    if (view.getUint16(at + 4, true) === NLMSG_ERROR && complete)
      acks.push({
        sequence: view.getUint32(at + 8, true),
        errno: Math.abs(view.getInt32(at + structSizes.nlmsghdr, true)),
        message: ackText(view, at, at + length),
      });
    at += (length + 3) & ~3;
  }
  return acks;
}

/** NLMSGERR_ATTR_MSG, among the attributes behind the error number and the request's header. */
function ackText(view: DataView, start: number, end: number): string | undefined {
  const flags = view.getUint16(start + 6, true);
  if (!(flags & nlmFlags.NLM_F_ACK_TLVS)) return undefined;
  const request = start + structSizes.nlmsghdr + 4;
  const repeated = flags & nlmFlags.NLM_F_CAPPED ? 16 : view.getUint32(request, true);
  for (let at = request + ((repeated + 3) & ~3); at + structSizes.rtattr <= end;) {
    const length = view.getUint16(at, true);
    if (length < structSizes.rtattr || at + length > end) break;
    if (view.getUint16(at + 2, true) === NLMSGERR_ATTR_MSG) {
      const bytes = new Uint8Array(view.buffer, view.byteOffset + at + 4, length - 4);
      return utf8.decode(bytes).replace(/\0.*$/s, "");
    }
    at += (length + 3) & ~3;
  }
  return undefined;
}
