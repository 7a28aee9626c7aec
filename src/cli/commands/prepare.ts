import { defineCommand } from "citty";

export default defineCommand({
  meta: { name: "prepare", description: "Get images, once: alpine unless others are named" },
  args: {
    "image…": {
      type: "positional",
      description: "names of recipes, or one of yours with --from",
      required: false,
    },
    from: {
      type: "string",
      description: "make the image from this",
      valueHint: "ARCHIVE|DIRECTORY|URL",
    },
    digest: { type: "string", description: "what the archive has to be", valueHint: "sha256:HEX" },
    mirror: { type: "string", description: "where recipes are got from", valueHint: "URL" },
  },
  async run({ rawArgs }) {
    const { prepare } = await import("../../../tasks/prepare.ts");
    await prepare(rawArgs);
  },
});
