import { ioctlRequests } from "../abi/ioctl.ts";
import { memory, tryCall } from "../linux/libc.ts";

/** isatty(3), as libc does it. node:tty's costs 3 ms of a cold start (compiled), process.stdout.isTTY more. */
export const isTerminal = (fd: number): boolean =>
  tryCall("ioctl", fd, ioctlRequests.TCGETS, memory(64)) >= 0;

/** Colour is for people: on a terminal, unless NO_COLOR is set to anything (no-color.org). */
export const wantsColour = (fd: number): boolean => !process.env["NO_COLOR"] && isTerminal(fd);

/** kleur, doing as it is told: by itself it looks at standard output only. */
export async function painter(colour: boolean) {
  const { default: kleur } = await import("kleur");
  kleur.enabled = colour;
  return kleur;
}
