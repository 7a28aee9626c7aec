import { readFileSync, writeFileSync } from "node:fs";
import { invalid, KontenerError } from "../../abi/error.ts";
import { readBuild } from "../../build/request.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { wholeName } from "../../oci/reference.ts";
import { parseChoice } from "../../spec/values.ts";
import { wantsJson } from "../format.ts";
import { say } from "../report.ts";
import { writeError } from "../stderr.ts";
import { verb, type Given } from "../verb.ts";

const flags = [
  { name: "tag", short: "t", value: "NAME[:TAG]", help: "the image's name; may be repeated" },
  { name: "file", short: "f", value: "FILE", help: "the Dockerfile; - is standard input" },
  {
    name: "target",
    value: "STAGE",
    help: "the stage to build, by name or number (default the last)",
  },
  { name: "build-arg", value: "NAME[=VALUE]", help: "an ARG's value, or that of this environment" },
  {
    name: "secret",
    value: "id=ID,src=FILE",
    help: "for RUN --mount=type=secret; or id=ID,env=NAME",
  },
  { name: "label", value: "KEY=VALUE", help: "a label of the image; may be repeated" },
  { name: "network", value: "default|none|host", help: "what RUN's commands reach" },
  { name: "platform", value: "OS/ARCH", help: "has to be this machine's" },
  { name: "pull", help: "ask registries for newer images, also where they are here" },
  { name: "no-cache", help: "do every step again" },
  { name: "progress", value: "plain|auto", help: "a line for each step, in any case" },
  { name: "quiet", short: "q", help: "print the image's id only; what RUN prints, if it fails" },
  { name: "iidfile", value: "FILE", help: "write the image's id there" },
  { name: "dry-run", help: "print the steps and do nothing" },
  { name: "format", value: "text|json", help: "how --dry-run prints them" },
] as const;

type Words = Given<(typeof flags)[number]["name"]>;

export const build = verb({
  synopsis: "build [flags] CONTEXT|-",
  summary: "Build an image from a Dockerfile",
  flags,
  words: [1, 1],
  async run(given) {
    const { value, values, has } = given;
    parseChoice("--progress", value("progress") ?? "plain", ["plain", "auto"]);
    const network = networkOf(value("network") ?? "default");
    const buildArgs = new Map(values("build-arg").flatMap(argOf));
    const tags = values("tag").map(wholeName);
    const plan = readBuild({ ...inputOf(given), buildArgs });
    const request = { ...plan, buildArgs, network, paths: statePaths() };
    if (has("dry-run")) return await printPlan(request, wantsJson(value("format") ?? "text"));
    const labels = Object.fromEntries(values("label").map((text) => pair("--label", text)));
    const secrets = new Map(values("secret").map(secretOf));
    const quiet = has("quiet");
    const { startBuild } = await import("../../build/start.ts");
    const controller = new AbortController();
    const interrupt = (signal: NodeJS.Signals) =>
      controller.abort(
        new KontenerError("the build was interrupted", {
          code: "ABORTED",
          exitCode: signal === "SIGINT" ? 130 : 143,
        }),
      );
    process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
    const image = await startBuild({
      ...request,
      tags,
      labels,
      secrets,
      useCache: !has("no-cache"),
      pullAlways: has("pull"),
      async pull(name) {
        await (await import("../pull.ts")).pullNow({ name, quiet });
      },
      output: quiet ? "on failure" : "stderr",
      progress: quiet ? () => {} : (line) => writeError(`${line}\n`),
      say,
      signal: controller.signal,
    });
    const file = value("iidfile");
    if (file !== undefined) writeFileSync(file, image.id);
    console.log(image.id);
    return 0;
  },
});

function inputOf({ words, value }: Words) {
  const [file, target, platform] = [value("file"), value("target"), value("platform")];
  return {
    context: words[0]!,
    ...(file === undefined ? {} : { file }),
    ...(target === undefined ? {} : { target }),
    ...(platform === undefined ? {} : { platform }),
    stdin: () => readFileSync(0, "utf8"),
  };
}

async function printPlan(
  request: Parameters<typeof import("../../build/dry-run.ts").planBuild>[0],
  json: boolean,
): Promise<number> {
  const { formatBuild, planBuild } = await import("../../build/dry-run.ts");
  const planned = await planBuild(request);
  console.log(json ? JSON.stringify(planned, null, 2) : formatBuild(planned));
  return 0;
}

function networkOf(text: string): "bridge" | "none" | "host" {
  const choice = parseChoice("--network", text, ["default", "bridge", "none", "host"]);
  return choice === "default" ? "bridge" : choice;
}

/** Without a value it is this environment's, and nothing where that has none, as in docker. */
function argOf(text: string): [string, string][] {
  if (text.includes("=")) return [pair("--build-arg", text)];
  const value = process.env[text];
  return value === undefined ? [] : [[text, value]];
}

function pair(flag: string, text: string): [string, string] {
  const at = text.indexOf("=");
  if (at === 0) throw invalid(`${flag} ${JSON.stringify(text)} has no name`, `${flag} NAME=VALUE`);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function secretOf(text: string): [string, { text: Uint8Array }] {
  const fields = new Map(text.split(",").map((part) => pair("--secret", part)));
  const [id, env] = [fields.get("id"), fields.get("env")];
  const file = fields.get("src") ?? fields.get("source");
  if (!id || (file === undefined) === (env === undefined))
    throw invalid(
      `--secret ${JSON.stringify(text)} is not understood`,
      "--secret id=ID,src=FILE, or id=ID,env=NAME",
    );
  if (file === undefined) return [id, { text: new TextEncoder().encode(process.env[env!] ?? "") }];
  try {
    return [id, { text: readFileSync(file) }];
  } catch (error) {
    throw invalid(`cannot read the secret ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
