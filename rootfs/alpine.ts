import { shellConfig } from "../src/image/config.ts";
import type { ArchiveRecipe } from "../src/image/recipe.ts";

const version = "3.24.2";
const path = (arch: string): string =>
  `v3.24/releases/${arch}/alpine-minirootfs-${version}-${arch}.tar.gz`;

/** Alpine's minimal root file system: musl, busybox, apk. */
export const alpine: ArchiveRecipe = {
  name: "alpine",
  version,
  mirror: "https://dl-cdn.alpinelinux.org/alpine",
  mirrorVariable: "KONTENER_ALPINE_MIRROR",
  archives: {
    x86_64: {
      path: path("x86_64"),
      digest:
        "sha512:bb1cbdc0395826774d8843736624c8ddc225a76de7d70e04444f5390c54986e14b2fa3ad0ca367dfa36dddfc8ebe1d2b4cbcf5cc9993e85badaf96104518f1fc",
    },
    aarch64: {
      path: path("aarch64"),
      digest:
        "sha512:c717aa68d67a354c7f46488eacb459c7a80951bcd7ea255f04a574aba1a6c5144f2117866e674f27fc92df0f05dd7685c1e6824b88ddd41994803d6fb025395c",
    },
  },
  config: shellConfig,
};
