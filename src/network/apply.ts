import type { Ack } from "../abi/rtnetlink-ack.ts";
import { attributesOf } from "../abi/rtnetlink-text.ts";
import type { LinkRequest } from "../abi/rtnetlink.ts";
import { errnoName } from "../abi/errno.ts";
import { SyscallError } from "../abi/error.ts";
import { RouteSocket } from "../linux/netlink.ts";
import type { NetlinkStep } from "./plan.ts";

/**
 * Does netlink steps in order, consecutive ones of the same namespace in one message.
 * Throws {@link SyscallError} for the first that fails, its call being the request: `RTM_NEWLINK(kind=veth, …): EEXIST`.
 *
 * @param pid what `$PID` stands for, also for whose network namespace `container` means.
 */
export function applyLinkSteps(steps: readonly NetlinkStep[], pid: number): void {
  for (let from = 0; from < steps.length;) {
    const { netns } = steps[from]!;
    const next = steps.findIndex((step, i) => i > from && step.netns !== netns);
    const batch = steps.slice(from, next < 0 ? steps.length : next);
    using socket = new RouteSocket(netns === "container" ? pid : undefined);
    const acks = socket.send(
      batch.map((step) => step.request),
      pid,
    );
    batch.forEach((step, i) => check(step.request, acks[i]!, step.why, step.ignore));
    from += batch.length;
  }
}

/**
 * Switches the host's end of a cable off. From then on nobody answers at the container's address, so that it can be leased
 * again, and the kernel removes both ends with the container's network namespace. It takes 0.3 ms; waiting for the removal
 * ({@link removeLink}) takes 30, as the kernel waits until no CPU can still be using the interface.
 */
export function unplugLink(name: string): void {
  change({ type: "RTM_SETLINK", name, up: false }, `unplug ${name}`);
}

/** Removes an interface, and a veth's other end with it. */
export function removeLink(name: string): void {
  change({ type: "RTM_DELLINK", name }, `remove interface ${name}`);
}

/** An interface that is gone is no error: it went with its namespace. */
function change(request: LinkRequest, step: string): void {
  using socket = new RouteSocket();
  const [ack] = socket.send([request], 0);
  check(request, ack!, step, ["ENODEV"]);
}

function check(
  request: LinkRequest,
  { errno, message }: Ack,
  step: string,
  ignore: readonly string[] = [],
): void {
  const name = errnoName(errno);
  if (errno === 0 || ignore.includes(name)) return;
  const said = message === undefined ? undefined : `the kernel says: ${message}`;
  const hint = advice(request, name) ?? said;
  throw new SyscallError({ call: request.type, args: attributesOf(request), errno, step, hint });
}

function advice(request: LinkRequest, errno: string): string | undefined {
  if (errno === "EPERM") return "changing interfaces takes root (CAP_NET_ADMIN)";
  if (errno === "EOPNOTSUPP" && request.type === "RTM_NEWLINK")
    return `this kernel has no ${request.kind} driver; if it is a module: modprobe ${request.kind}`;
  if (request.type === "RTM_NEWQDISC" || request.type === "RTM_NEWTFILTER")
    return "without this filter containers could forge each other's addresses, so none starts; the kernel needs CONFIG_NET_SCH_INGRESS and CONFIG_NET_CLS_BPF, if they are modules: modprobe -a sch_ingress cls_bpf; --network none starts without a network";
  if ("port" in request && request.port === "isolated") return "--isolated takes Linux 4.18";
  return undefined;
}
