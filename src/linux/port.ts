import { SO_REUSEADDR, sockaddrIn, SOCK_CLOEXEC, SOL_SOCKET, socketTypes } from "../abi/inet.ts";
import { AF_INET } from "../abi/rtnetlink-constants.ts";
import { close } from "./files.ts";
import { call, memory, tryCall } from "./libc.ts";

type Protocol = keyof typeof socketTypes;

/** Binds a socket to an IPv4 address for a moment (ip(7)): 0 where the port is free, else the error's number. */
export function tryBind(protocol: Protocol, address: string, port: number): number {
  const fd = open(protocol);
  try {
    const name = sockaddrIn(address, port);
    return -tryCall("bind", fd, name, name.length);
  } finally {
    close(fd);
  }
}

/** A port that nobody has at this moment, out of the kernel's range for that (ip_local_port_range). */
export function freePort(protocol: Protocol, address: string): number {
  const fd = open(protocol);
  try {
    const name = sockaddrIn(address, 0);
    call("bind", fd, name, name.length);
    const size = memory(4);
    size[0] = name.length;
    call("getsockname", fd, name, size);
    return new DataView(name.buffer).getUint16(2);
  } finally {
    close(fd);
  }
}

/** With SO_REUSEADDR a port whose last connection is still in TIME_WAIT counts as free; one that listens does not. */
function open(protocol: Protocol): number {
  const fd = call("socket", AF_INET, socketTypes[protocol] + SOCK_CLOEXEC, 0);
  const on = memory(4);
  on[0] = 1;
  if (protocol === "tcp") call("setsockopt", fd, SOL_SOCKET, SO_REUSEADDR, on, on.length);
  return fd;
}
