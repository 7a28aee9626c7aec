import { KontenerError } from "../abi/error.ts";
import { exists, tryReadText } from "./files.ts";

const PROFILES = "/sys/kernel/security/apparmor/profiles";

/** AppArmor is in force on this host, and its files can be reached (securityfs). */
export const hasAppArmor = (): boolean =>
  tryReadText("/sys/module/apparmor/parameters/enabled")?.startsWith("Y") === true &&
  exists(PROFILES);

/** True for a profile that the kernel has. */
export const isLoaded = (profile: string): boolean =>
  (tryReadText(PROFILES) ?? "").split("\n").some((line) => line.startsWith(`${profile} (`));

/** apparmor_parser(8), which alone can turn a profile into what the kernel takes; undefined where it is missing. */
export const parser = (): string | undefined =>
  Bun.which("apparmor_parser", { PATH: "/usr/sbin:/sbin:/usr/bin" }) ?? undefined;

/** Gives a profile to the kernel, where it stays until a reboot. */
export function loadProfile(profile: string, text: string): void {
  if (isLoaded(profile)) return;
  const program = parser();
  if (program === undefined)
    throw new KontenerError(`the AppArmor profile ${profile} cannot be loaded`, {
      code: "UNSUPPORTED",
      hint: "install apparmor_parser: apt-get install apparmor",
    });
  const args = [program, "--replace", "--skip-cache", "--quiet"];
  const { success, stderr } = Bun.spawnSync(args, { stdin: Buffer.from(text), stdout: "ignore" });
  if (!success)
    throw new KontenerError(
      `apparmor_parser did not take the profile ${profile}: ${stderr.toString().trim()}`,
      { code: "UNSUPPORTED", hint: "--security-opt apparmor=unconfined starts without it" },
    );
}
