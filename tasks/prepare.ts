/**
 * Gets root file systems, once:
 *
 *   bun tasks/prepare.ts [IMAGE…] [--mirror URL]
 *   bun tasks/prepare.ts NAME --from ARCHIVE|DIRECTORY|URL [--digest sha256:HEX]
 */
import { chalk, echo, minimist } from "zx";
import { invalid, KontenerError } from "../src/abi/error.ts";
import type { Progress } from "../src/image/download.ts";
import { prepareImage } from "../src/image/prepare.ts";
import { paths } from "../src/linux/paths.ts";

const options = ["from", "digest", "mirror"] as const;
const usage = "kontener prepare [IMAGE…] [--mirror URL] | NAME --from SOURCE [--digest DIGEST]";

/** Prepares the images that `args` name, alpine if none. What is there already is left alone. */
export async function prepare(args: readonly string[]): Promise<void> {
  const { names, from, digest, mirror } = parse(args);
  if ((from ?? digest) !== undefined && names.length !== 1)
    throw invalid("--from and --digest are for one image", usage);
  for (const name of names.length ? names : ["alpine"]) {
    const report = progressLine(name);
    const request = { name, from, digest, mirror, say, onProgress: report.update };
    const { fresh } = await prepareImage(request, paths()).finally(report.end);
    echo(`${chalk.bold(name)} ${fresh ? "is ready" : "is there already"}`);
  }
}

function parse(args: readonly string[]) {
  const unknown: string[] = [];
  const parsed = minimist([...args], {
    string: [...options],
    unknown: (arg) => !arg.startsWith("-") || !unknown.push(arg),
  });
  if (unknown.length) throw invalid(`prepare knows no ${unknown[0]}`, usage);
  const option = (name: (typeof options)[number]): string | undefined => {
    const value: unknown = parsed[name];
    if (value === undefined || (typeof value === "string" && value)) return value;
    throw invalid(`--${name} takes one value`, usage);
  };
  const [from, digest, mirror] = options.map(option);
  return { names: parsed._.map(String), from, digest, mirror };
}

const say = (line: string): void => console.error(line);

/** On a terminal one line that is written over; nothing elsewhere. */
function progressLine(name: string) {
  let shown = "";
  const show = (line: string) => {
    if (process.stderr.isTTY && line !== shown) process.stderr.write(`\r\x1b[K${line}`);
    shown = line;
  };
  return {
    update({ done, total }: Progress) {
      const percent = total ? `${Math.floor((100 * done) / total)} %` : "";
      show(`${name}  ${megabytes(done)}${total ? ` of ${megabytes(total)}` : ""} MB  ${percent}`);
    },
    end: () => show(""),
  };
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

// Not import.meta.main, nor await: in the built executable this is one CommonJS module of many.
if (Bun.main === import.meta.path)
  prepare(process.argv.slice(2)).catch((error: unknown) => {
    if (!(error instanceof KontenerError)) throw error;
    console.error(`kontener: ${error.message}${error.hint ? `\n  ${error.hint}` : ""}`);
    process.exitCode = error.exitCode;
  });
