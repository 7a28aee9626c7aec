import { KontenerError } from "../abi/error.ts";
import { sha256 } from "../store/digests.ts";
import type { Made } from "./copy.ts";
import type { CopyStep } from "./steps.ts";

export const isUrl = (source: string): boolean => /^https?:\/\//i.test(source);

/**
 * The file that a URL of ADD gives, named by the last part of its path; mode 0600 and the server's time, as in docker.
 *
 * @throws KontenerError IMAGE where it cannot be had, or is not what `--checksum` says
 */
export async function fetchFile(url: string, { checksum }: CopyStep): Promise<Made> {
  const failed = (why: string, cause?: unknown) =>
    new KontenerError(`cannot get ${url}: ${why}`, { code: "IMAGE", cause });
  const name = decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "");
  if (name === "" || name.includes("/")) throw failed("its path ends without a file's name");
  const answer = await fetch(url).catch((cause: unknown) => {
    throw failed((cause as Error).message, cause);
  });
  if (!answer.ok) throw failed(`${answer.status} ${answer.statusText}`);
  const content = new Uint8Array(await answer.arrayBuffer());
  const digest = sha256(content);
  if (checksum !== undefined && checksum !== digest)
    throw failed(`its digest is ${digest}, wanted ${checksum}`);
  const modified = Date.parse(answer.headers.get("last-modified") ?? "");
  return { name, content, mode: 0o600, seconds: Math.floor((modified || 0) / 1000) };
}
