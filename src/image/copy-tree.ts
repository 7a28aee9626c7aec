import { KontenerError, invalid } from "../abi/error.ts";

/**
 * Copies a directory with everything that cp(1) can keep, without what is mounted below it. `store` must not lie in it.
 */
export async function copyTree(from: string, to: string, store: string): Promise<void> {
  if (`${store}/`.startsWith(`${from === "/" ? "" : from}/`))
    throw invalid(`${from} contains the images themselves (${store})`, "choose a directory in it");
  const child = Bun.spawn(["cp", "-a", "-x", "--", `${from}/.`, to], {
    env: { ...process.env, LC_ALL: "C" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const complaints = (await child.stderr.text()).trim();
  if ((await child.exited) === 0) return;
  if (complaints.includes("No space left"))
    throw Object.assign(new Error(complaints), { code: "ENOSPC" });
  throw new KontenerError(`cannot copy ${from}: ${complaints.split("\n")[0]}`, { code: "IMAGE" });
}
