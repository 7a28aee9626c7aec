import { statSync } from "node:fs";
import { invalid, KontenerError } from "../../abi/error.ts";
import { archOf } from "../../abi/syscall.ts";
import { applyChanges } from "../../build/changes.ts";
import { decompress, decompressStream } from "../../image/compression.ts";
import { shellConfig } from "../../image/config.ts";
import { Notes } from "../../image/notes.ts";
import { tarTree } from "../../image/tar-tree.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { hostPlatform, parsePlatform } from "../../oci/platform.ts";
import { wholeName } from "../../oci/reference.ts";
import { importImage as importArchive } from "../../store/import.ts";
import { say } from "../report.ts";
import { verb } from "../verb.ts";

export const importImage = verb({
  synopsis: "import [flags] FILE|DIRECTORY|- [NAME[:TAG]]",
  summary: "Make an image of one layer from a root file system: docker export's, a minirootfs",
  flags: [
    {
      name: "change",
      short: "c",
      value: "INSTRUCTION",
      repeatable: true,
      help: "an instruction of a Dockerfile: 'CMD [\"/bin/app\"]'",
    },
    { name: "message", short: "m", value: "TEXT", help: "for the image's history" },
    { name: "platform", value: "OS/ARCH", help: "what the programs in it are for; this machine" },
  ],
  words: [1, 2],
  async run({ words: [from, name], value, values }) {
    const platform = value("platform");
    const image = await importArchive(open(from!), {
      paths: statePaths(),
      name: name === undefined ? undefined : wholeName(name),
      platform:
        platform === undefined ? hostPlatform(archOf(process.arch)) : parsePlatform(platform),
      config: applyChanges(shellConfig, values("change")),
      comment: value("message") ?? `imported from ${from}`,
      say,
    });
    console.log(image.id);
    return 0;
  },
});

function open(from: string): AsyncIterable<Uint8Array> {
  if (from === "-") return decompressStream(Bun.stdin.stream());
  const stat = statSync(from, { throwIfNoEntry: false });
  if (!stat) throw new KontenerError(`there is no ${from}`, { code: "NOT_FOUND", exitCode: 1 });
  if (stat.isDirectory()) return tarTree(from, new Notes(say));
  if (!stat.isFile()) throw invalid(`${from} is neither a file nor a directory`);
  return decompress(from);
}
