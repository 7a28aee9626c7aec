// oxlint-disable-next-line typescript/triple-slash-reference -- a module that is declared in a .d.ts cannot be imported
/// <reference path="../../rootfs/busybox-static.d.ts" />
// For those who check this package from outside, without our tsconfig.json.
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { KontenerError } from "../abi/error.ts";
import { archOf } from "../abi/syscall.ts";
import type { Paths } from "../linux/paths.ts";
import { busybox as recipe } from "../../rootfs/busybox.ts";
import { parseDigest, verifyDigest } from "./digest.ts";
import { isStaticProgram } from "./elf.ts";
import { readRecord } from "./record.ts";
import { makeFile, writeSkeleton } from "./skeleton.ts";
import { stageImage, withImageLock } from "./stage.ts";

const arch = archOf(process.arch);

type Program = { bytes: Uint8Array; source: string; digest: string };

/** Makes the image `busybox` where it is not there yet: one program, a link for each of its commands, a small /etc. */
export async function provisionBusybox(paths: Paths): Promise<void> {
  await withImageLock(recipe.name, paths, async () => {
    if (readRecord(recipe.name, paths)) return;
    const { bytes, source, digest } = (await embeddedProgram()) ?? (await hostProgram());
    const record = { source, digest, created: new Date().toISOString(), config: recipe.config };
    await stageImage(recipe.name, paths, record, async (rootfs) => {
      writeSkeleton(rootfs);
      const program = `${rootfs}/bin/busybox`;
      makeFile(program, bytes, 0o755);
      for (const command of await commandsOf(program)) linkCommand(`${rootfs}/${command}`);
    });
  });
}

function linkCommand(path: string): void {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  symlinkSync("/bin/busybox", path);
}

/** The program in the npm package, or in this executable once compiled; undefined where there is none for this machine. */
async function embeddedProgram(): Promise<Program | undefined> {
  const digest = recipe.digests[arch];
  if (!digest) return undefined;
  let path: string;
  try {
    // An import, not a path: so Bun finds it in node_modules, in its cache, and in a compiled executable.
    const file = await import("busybox-static/bin/busybox", { with: { type: "file" } });
    path = file.default;
  } catch {
    return undefined;
  }
  const bytes = await Bun.file(path).bytes();
  const expected = parseDigest(digest);
  const hash = new Bun.CryptoHasher(expected.algorithm).update(bytes);
  verifyDigest("the busybox of the npm package busybox-static", expected, hash.digest("hex"));
  return { bytes, source: `npm:busybox-static@${recipe.version}`, digest };
}

/** Where distributions put one: Debian and Fedora, Alpine's busybox-static, Arch's mkinitcpio-busybox. */
const hostPaths = [
  "/usr/bin/busybox",
  "/bin/busybox",
  "/usr/sbin/busybox",
  "/bin/busybox.static",
  "/usr/lib/initcpio/busybox",
];

async function hostProgram(): Promise<Program> {
  for (const path of hostPaths) {
    if (!existsSync(path)) continue;
    const bytes = await Bun.file(path).bytes();
    if (!isStaticProgram(bytes, arch)) continue;
    const hash = new Bun.CryptoHasher("sha256").update(bytes);
    return { bytes, source: path, digest: `sha256:${hash.digest("hex")}` };
  }
  throw new KontenerError(`there is no statically linked busybox for ${arch} here`, {
    code: "UNSUPPORTED",
    hint: "install one (apt-get install busybox-static, apk add busybox-static), or use another image",
  });
}

/** The program knows its commands, and where each belongs: "usr/bin/awk". */
async function commandsOf(program: string): Promise<string[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const child = Bun.spawn([program, "--list-full"], { stdio: ["ignore", "pipe", "ignore"] });
      const commands = (await child.stdout.text()).split("\n").filter(Boolean);
      if ((await child.exited) === 0) return commands;
      throw new KontenerError("busybox does not tell its commands", { code: "IMAGE" });
    } catch (error) {
      // A thread that started another program just now may hold a copy of the descriptor that wrote this one.
      const busy = (error as NodeJS.ErrnoException).code === "ETXTBSY" && attempt < 100;
      if (!busy) throw error;
      await Bun.sleep(5);
    }
  }
}
