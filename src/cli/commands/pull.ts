import { invalid } from "../../abi/error.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { wantsJson } from "../format.ts";
import { verb } from "../verb.ts";

export const pull = verb({
  synopsis: "pull [flags] NAME",
  summary: "Get an image from its registry",
  flags: [
    { name: "platform", value: "OS/ARCH[/VARIANT]", help: "for another platform: linux/arm64" },
    { name: "quiet", short: "q", help: "print the name only" },
    { name: "tls-verify", help: "--tls-verify=false allows plain http and unknown certificates" },
    { name: "format", value: "text|json", help: "text, or json for programs" },
  ],
  words: [1, 1],
  async run({ words, has, value }) {
    const json = wantsJson(value("format") ?? "text");
    const { pullNow } = await import("../pull.ts");
    const { reference, image } = await pullNow({
      name: words[0]!,
      platform: value("platform"),
      quiet: has("quiet") || json,
      tlsVerify: verifiesTls(value("tls-verify")),
    });
    const { id, digest, layers } = image;
    const platform = formatPlatform(image.platform);
    const result = { reference, id, digest, platform, layers: layers.length };
    console.log(json ? JSON.stringify(result, null, 2) : reference);
    return 0;
  },
});

/** podman's flag: on unless it is switched off. */
export function verifiesTls(value = "true"): boolean {
  if (value === "true" || value === "false") return value === "true";
  throw invalid(`--tls-verify is true or false, not ${JSON.stringify(value)}`);
}
