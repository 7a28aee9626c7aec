import type { ImageConfig } from "./image.ts";

/** What an archive without a config of its own is started with. */
export const shellConfig: ImageConfig = {
  Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
  Cmd: ["/bin/sh"],
};
