import { say } from "../report.ts";
import { verb } from "../verb.ts";

export const clean = verb({
  synopsis: "clean [flags]",
  summary: "Remove every trace of kontener: ended containers, images, networks, state",
  flags: [{ name: "volumes", help: "and the volumes with all that is in them" }],
  words: [0, 0],
  async run({ has }) {
    const { clean: cleanUp } = await import("../../../tasks/clean.ts");
    await cleanUp({ volumes: has("volumes") }, say);
    return 0;
  },
});
