import { attach as attachTo, Tail, type AttachOptions } from "../../engine/attach.ts";
import { findContainer, readEntry, type Entry } from "../../engine/list.ts";
import { note } from "../../engine/journal.ts";
import { requireRunning } from "../../engine/signal.ts";
import { paths } from "../../linux/paths.ts";
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from "../../spec/detach-keys.ts";
import { parseBoolean } from "../../spec/values.ts";
import type { Flag } from "../flags.ts";
import { say } from "../report.ts";
import { writeFully } from "../stderr.ts";
import { verb } from "../verb.ts";

export const attachFlags = [
  {
    name: "detach-keys",
    value: "KEYS",
    help: "what is typed to leave a container with a terminal (default: ctrl-p,ctrl-q)",
  },
  { name: "sig-proxy", help: "pass signals on, where it has no terminal (default: true)" },
] as const satisfies readonly Flag[];

export const attach = verb({
  synopsis: "attach [flags] CONTAINER",
  summary: "Connect your terminal to a detached container's command",
  flags: [{ name: "no-stdin", help: "only watch" }, ...attachFlags],
  words: [1, 1],
  async run({ words, has, value }) {
    const entry = findContainer(words[0]!, paths());
    requireRunning(entry);
    using tail = new Tail(entry);
    const options = attachOptions(!has("no-stdin"), value("detach-keys"), value("sig-proxy"));
    return await perform(entry, tail, options);
  },
});

/** Throws INVALID. */
export const attachOptions = (
  stdin: boolean,
  keys = DEFAULT_DETACH_KEYS,
  sigProxy = "true",
): AttachOptions => ({
  stdin,
  detachKeys: parseDetachKeys("--detach-keys", keys),
  sigProxy: parseBoolean("--sig-proxy", sigProxy),
  write: (stream, bytes) => writeFully(stream === "stdout" ? 1 : 2, bytes),
});

/** The exit code: the container's, or 0 after the detach keys. `writer`: its input, where it is open already. */
export async function perform(
  entry: Entry,
  tail: Tail,
  options: AttachOptions,
  writer?: number,
): Promise<number> {
  const now = readEntry(entry.record.id, paths()) ?? entry;
  note(now.directory, now.record, "attach");
  const ended = await attachTo(now, tail, options, writer);
  if (!ended) say(`detached; ${entry.record.name} runs on`);
  return ended?.code ?? 0;
}
