import { KontenerError } from "../../abi/error.ts";
import { paths } from "../../linux/paths.ts";
import { formatReference, parseReference, type Reference } from "../../oci/reference.ts";
import { wantsJson } from "../format.ts";
import { say } from "../report.ts";
import { verb } from "../verb.ts";
import { verifiesTls } from "./pull.ts";

export const push = verb({
  synopsis: "push [flags] NAME",
  summary: "Put an image into its registry",
  flags: [
    { name: "quiet", short: "q", help: "print the name only" },
    { name: "tls-verify", help: "--tls-verify=false allows plain http and unknown certificates" },
    { name: "format", value: "text|json", help: "text, or json for programs" },
  ],
  words: [1, 1],
  async run({ words, has, value }) {
    const json = wantsJson(value("format") ?? "text");
    const quiet = has("quiet") || json;
    const tlsVerify = verifiesTls(value("tls-verify"));
    const reference = parseReference(words[0]!);
    const name = formatReference(reference);
    const [{ openImage }, { registrySink }, { pushImage }, { watchTransfer }] = await Promise.all([
      import("../../store/open.ts"),
      import("../../registry/sink.ts"),
      import("../../store/push.ts"),
      import("../transfer.ts"),
    ]);
    const opened = openImage(name, paths());
    if (!quiet) say(`pushing ${name}`);
    const watch = watchTransfer(quiet);
    try {
      const sink = registrySink(reference, {
        onEvent: watch.onEvent,
        mountFrom: await relatives(reference, opened.image.layers),
        tlsVerify,
      });
      const { digest, size } = await pushImage(opened.image, sink, {
        paths: paths(),
        onLayer: ({ digest, size }, sent) =>
          sent || watch.onEvent({ type: "layer", digest, size, state: "exists" }),
      });
      watch.end();
      console.log(json ? JSON.stringify({ reference: name, digest, size }, null, 2) : name);
    } catch (error) {
      watch.end();
      throw error;
    }
    return 0;
  },
});

/** A registry is asked for so many repositories at most. */
const RELATIVES = 4;

/** Repositories of the same registry that an image here with layers in common came from or went to. */
async function relatives(
  { registry, repository }: Reference,
  layers: readonly { diffId: string }[],
): Promise<string[]> {
  const { listStored } = await import("../../store/records.ts");
  const own = new Set(layers.map(({ diffId }) => diffId));
  const complain = (error: KontenerError) => say(error.message);
  const found = listStored(paths(), complain)
    .filter(({ image }) => image.layers.some(({ diffId }) => own.has(diffId)))
    .flatMap(({ references }) => references.map((reference) => parseReference(reference)))
    .filter((other) => other.registry === registry && other.repository !== repository)
    .map((other) => other.repository);
  return [...new Set(found)].slice(0, RELATIVES);
}
