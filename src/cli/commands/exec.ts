import { invalid } from "../../abi/error.ts";
import { execAttached } from "../../engine/attached-exec.ts";
import { findContainer } from "../../engine/list.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { parseEnv } from "../../spec/env.ts";
import { quote, resolvePath } from "../../spec/values.ts";
import { say } from "../report.ts";
import { isTerminal } from "../terminal.ts";
import { verb } from "../verb.ts";

export const exec = verb({
  synopsis: "exec [flags] CONTAINER COMMAND…",
  summary: "Run a further command in a running container",
  flags: [
    { name: "interactive", short: "i", help: "connect standard input" },
    { name: "tty", short: "t", help: "give the command a terminal" },
    {
      name: "env",
      short: "e",
      value: "NAME[=VALUE]",
      repeatable: true,
      help: "set a variable; without a value take over your own",
    },
    {
      name: "env-file",
      value: "FILE",
      repeatable: true,
      help: "set variables from a file of NAME=VALUE lines",
    },
    { name: "workdir", short: "w", value: "DIR", help: "the directory in which it starts" },
    { name: "user", short: "u", value: "USER[:GROUP]", help: "its user, by name or number" },
    { name: "detach", short: "d", help: "leave it running; what it prints is lost" },
  ],
  words: [2, Infinity],
  ordered: true,
  async run({ words, has, value, values }) {
    const [name = "", ...command] = words;
    const tty = has("tty");
    const interactive = has("interactive");
    if (tty && interactive && !isTerminal(0))
      throw invalid("-t needs a terminal, and standard input is none", "leave out -t");
    const workdir = value("workdir");
    if (workdir !== undefined && !workdir.startsWith("/"))
      throw invalid(`--workdir ${quote(workdir)} is not an absolute path`);
    const user = value("user");
    const paths = statePaths();
    const entry = findContainer(name, paths);
    const { code } = await execAttached(
      entry,
      {
        command,
        env: await environment(values("env-file"), values("env")),
        ...(workdir === undefined ? {} : { workdir }),
        ...(user === undefined ? {} : { user }),
        tty,
        interactive,
        detach: has("detach"),
      },
      paths,
      { warn: say },
    );
    return code;
  },
});

async function environment(files: string[], pairs: string[]): Promise<Record<string, string>> {
  const { env } = process;
  const variables = pairs.flatMap((text) => {
    const variable = parseEnv("--env", text, env);
    return variable ? [variable] : [];
  });
  if (files.length === 0) return Object.fromEntries(variables);
  const { readEnvFiles } = await import("../env-files.ts");
  const paths = files.map((file) => resolvePath(process.cwd(), file));
  return { ...readEnvFiles(paths, env), ...Object.fromEntries(variables) };
}
