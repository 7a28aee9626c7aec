import { defineCommand, renderUsage, runCommand, type CommandDef, type Resolvable } from "citty";
import { version } from "../../package.json";
import { invalid } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import { checkFlags } from "./check-flags.ts";
import { wantsColour } from "./terminal.ts";
import { isOwnVerb, ownVerbs } from "./verbs.ts";

/** Verbs that parse their own words: main.ts calls them directly. Here they are for the list of verbs. */
const own = Object.fromEntries(
  Object.entries(ownVerbs).map(([name, load]) => [
    name,
    async () => {
      const { summary, run } = await load();
      return defineCommand({ meta: { description: summary }, run: ({ rawArgs }) => run(rawArgs) });
    },
  ]),
);

const verbs = {
  ...own,
  prepare: () => import("./commands/prepare.ts").then((module) => module.default),
  doctor: () => import("./commands/doctor.ts").then((module) => module.default),
} satisfies Record<string, Resolvable<CommandDef<any>>>;

const main = defineCommand({
  meta: {
    name: "kontener",
    version,
    description: "A Linux container engine that you can read, script and watch",
  },
  subCommands: verbs,
});

/** Every verb that is not in verbs.ts, and help; the exit code. */
export async function menu(argv: readonly string[]): Promise<number> {
  const [verb = "help", ...rest] = argv;
  if (verb === "--version" || verb === "-v") return await (await ownVerbs.version()).run(rest);
  if (verb === "help" || verb === "--help" || verb === "-h") return await help(rest[0]);
  const command = await find(verb);
  if (rest.includes("--help") || rest.includes("-h")) return await help(verb);
  checkFlags(verb, rest, command);
  const { result } = await runCommand(command, { rawArgs: rest }).catch(rethrow);
  return typeof result === "number" ? result : 0;
}

async function find(verb: string): Promise<CommandDef<any>> {
  if (Object.hasOwn(verbs, verb)) return await verbs[verb as keyof typeof verbs]();
  const meant = nearest(verb, Object.keys(verbs));
  throw invalid(
    `there is no command ${JSON.stringify(verb)}`,
    meant.length > 0 ? `did you mean ${meant.join(" or ")}?` : "kontener help lists them",
  );
}

async function help(verb: string | undefined): Promise<number> {
  if (isOwnVerb(verb)) {
    await runCommand(await find(verb), { rawArgs: ["--help"] });
    return 0;
  }
  const text =
    verb === undefined ? await renderUsage(main) : await renderUsage(await find(verb), main);
  // citty colours also what goes into a pipe.
  console.log(wantsColour(1) ? text : Bun.stripANSI(text));
  return 0;
}

/** citty's complaints about arguments are sentences already: they become ours. */
function rethrow(error: unknown): never {
  if (error instanceof Error && error.name === "CLIError")
    throw invalid(Bun.stripANSI(error.message), "--help shows what the command takes");
  throw error;
}
