import { describe, expect, test } from "bun:test";
import { suggest } from "../../../src/cli/completion/suggest.ts";
import { runFlags } from "../../../src/cli/flags.ts";
import { ownVerbs, type OwnVerb } from "../../../src/cli/verbs.ts";

const run = { synopsis: "run [flags] IMAGE [COMMAND…]", flags: runFlags };
const rename = { synopsis: "rename CONTAINER NAME", flags: [] };
const rm = {
  synopsis: "rm [flags] [CONTAINER…]",
  flags: [{ name: "force", short: "f", help: "" }],
};
const words = (...line: string[]) => suggest(line, run).words.map(({ word }) => word);

describe("completion", () => {
  test("offers a verb's flags, and the words that a flag's value may be", () => {
    expect(words("--")).toContain("--memory");
    expect(words("--pid", "")).toEqual(["private", "host"]);
    expect(words("--pid=p")).toEqual(["--pid=private", "--pid=host"]);
    expect(words("-it", "--restart", "")).toEqual(["no", "always", "unless-stopped"]);
  });
  test("offers names where the synopsis has a place for one, behind flags with and without values", () => {
    expect(suggest([""], run).names).toBe("IMAGE");
    expect(suggest(["-it", "-m", "50m", "--name=x", ""], run).names).toBe("IMAGE");
    expect(suggest(["--network", ""], run).names).toBe("NETWORK");
    expect(suggest([""], rename).names).toBe("CONTAINER");
    expect(suggest(["web", ""], rename)).toEqual({ words: [] });
    expect(suggest(["-f", "web", "db", ""], rm).names).toBe("CONTAINER");
  });
  test("offers files for a command's words and for what takes one", () => {
    expect(suggest(["busybox", "-"], run)).toEqual({ words: [], files: true });
    expect(suggest(["--env-file", ""], run).files).toBe(true);
    expect(suggest(["-v", ""], run).files).toBe(true);
  });
  for (const [name, load] of Object.entries(ownVerbs) as [string, () => Promise<OwnVerb>][])
    test(`knows how ${name} is written`, async () => {
      const { synopsis, actions, flags = runFlags } = await load();
      expect(synopsis ?? actions).toBeDefined();
      for (const flag of flags) expect(flag.help).not.toBe("");
    });
});
