import { findContainer } from "../../engine/list.ts";
import { ownCommand } from "../../engine/supervisor.ts";
import { systemdUnit } from "../../engine/systemd-unit.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { parseChoice } from "../../spec/values.ts";
import { verb } from "../verb.ts";

const systemd = verb({
  synopsis: "generate systemd CONTAINER",
  summary: "Print a systemd unit that starts a container at boot",
  flags: [],
  words: [2, 2],
  run({ words: [, word = ""] }) {
    const paths = statePaths();
    const env = Object.entries(process.env).filter(([name]) => /^KONTENER_[A-Z]+$/.test(name));
    const caller = {
      argv: ownCommand(),
      env: Object.fromEntries(env) as { [name: string]: string },
    };
    process.stdout.write(systemdUnit(findContainer(word, paths).record, paths, caller));
    return Promise.resolve(0);
  },
});

const actions = { systemd };

export const generate = {
  actions,
  summary: "systemd: print a unit that brings a container back at boot",
  async run(argv: readonly string[]): Promise<number> {
    if (argv[0] === "--help") return await systemd.run(argv);
    return await actions[parseChoice("generate", argv[0] ?? "", ["systemd"])].run(argv);
  },
};
