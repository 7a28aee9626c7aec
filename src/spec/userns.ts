import { invalid } from "../abi/error.ts";
import { networkMode } from "./network.ts";
import type { ContainerOptions, IdRange } from "./options.ts";
import { parseChoice, quote } from "./values.ts";

/** 2^32-1 means "leave it" to setresuid(2), so it is nobody's number. */
const END = 2 ** 32 - 1;
/** Room for the system's own users, devpts's group 5 among them. */
const LEAST = 1000;

/** `auto`, `host`, or START:SIZE as newuidmap(1) would have it for container number 0. */
export function parseUserns(flag: string, text: string): "auto" | "host" | IdRange {
  const [, start, size] = /^(\d{1,10}):(\d{1,10})$/.exec(text) ?? [];
  if (size !== undefined) return { start: Number(start), size: Number(size) };
  if (/^[\d:-]+$/.test(text))
    throw invalid(
      `${flag} ${quote(text)} is not a range of users`,
      `write the first one on the host and how many: ${flag} 100000:65536`,
    );
  return parseChoice(flag, text, ["auto", "host"]);
}

/** What a user namespace cannot be together with: what belongs to the host's. */
export function checkUserNamespace(options: ContainerOptions): void {
  const { userns = "host" } = options;
  if (userns === "host") return;
  if (userns !== "auto") checkRange(userns);
  for (const key of ["pid", "ipc", "cgroupns"] as const)
    if (options[key] === "host")
      throw invalid(
        `--${key} host cannot be together with a user namespace`,
        "the kernel lets the container's root use only what its own user namespace owns: leave out one of the two",
      );
  if (networkMode(options).mode === "container")
    throw invalid(
      "another container's network cannot be joined from a user namespace of one's own",
      "leave out --userns, or connect both to a network: kontener network create NAME",
    );
}

function checkRange({ start, size }: IdRange): void {
  const text = `--userns ${start}:${size}`;
  if (start === 0)
    throw invalid(`${text} begins with the host's root`, "take a range above the host's users");
  if (size < LEAST)
    throw invalid(`${text} has fewer than ${LEAST} users`, "the usual size is 65536");
  if (start + size > END) throw invalid(`${text} goes beyond the last user, ${END - 1}`);
}
