import { defineCommand } from "citty";
import { say } from "../report.ts";

export default defineCommand({
  meta: { name: "clean", description: "Remove every trace of kontener: images, network, state" },
  async run() {
    const { clean } = await import("../../../tasks/clean.ts");
    await clean(say);
  },
});
