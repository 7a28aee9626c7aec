import { KontenerError } from "../abi/error.ts";
import type { Paths } from "../linux/paths.ts";
import type { Record } from "./record.ts";
import { staysAfterReboot } from "./reboot.ts";

/** How kontener is called: program and arguments, and the variables that say where its state is. */
export type Caller = { argv: readonly string[]; env: Readonly<{ [name: string]: string }> };

/**
 * A systemd unit (systemd.unit(5), systemd.service(5)) that starts a container at boot and stops it at shutdown. Type=oneshot,
 * because nothing of kontener stays that systemd could watch: `systemctl status` says that it was started, `kontener ps`
 * whether it runs. KillMode=process leaves its monitor and loggers alone: they are in the unit's control group.
 *
 * @throws KontenerError CONFLICT where it would not survive a reboot
 */
export function systemdUnit(record: Record, paths: Paths, { argv, env }: Caller): string {
  const { name } = record;
  if (!staysAfterReboot(record))
    throw new KontenerError(`container ${name} does not survive a reboot`, {
      code: "CONFLICT",
      hint: "only containers of create and of run -d without --rm do",
      exitCode: 1,
    });
  const command = (...words: string[]) => [...argv, ...words].map(quoteWord).join(" ");
  const timeout = record.options.stopTimeout ?? 10;
  const variables = Object.entries(env).map(
    ([key, value]) => `Environment=${quoteWord(`${key}=${value}`)}`,
  );
  return [
    `# kontener generate systemd ${name} > /etc/systemd/system/kontener-${name}.service`,
    `# systemctl daemon-reload && systemctl enable --now kontener-${name}.service`,
    "[Unit]",
    `Description=container ${name} (kontener)`,
    "Wants=network-online.target",
    "After=network-online.target",
    `RequiresMountsFor=${quoteWord(paths.lib)} ${quoteWord(paths.run)}`,
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    "KillMode=process",
    ...variables,
    `ExecStart=${command("start", name)}`,
    `ExecStop=${command("stop", name)}`,
    `TimeoutStopSec=${timeout < 0 ? "infinity" : timeout + 30}`,
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
}

/** systemd.syntax(7), "Quoting"; and what specifiers (%) and variables ($) would otherwise become. */
function quoteWord(word: string): string {
  const escaped = word.replace(/[\\"]/g, "\\$&").replace(/%/g, "%%").replace(/\$/g, "$$$$");
  return /[\s"'\\;]/.test(word) ? `"${escaped}"` : escaped;
}
