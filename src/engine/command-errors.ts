import { KontenerError, SyscallError } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import { exists, tryList } from "../linux/files.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { searchPath } from "../plan/command.ts";

/**
 * Turns the failure of the last step, execve(2), into what a shell would say of it, with a shell's exit code: 127 not
 * found, 126 found but not executable. Other errors are returned as they are.
 */
export function commandError(
  error: unknown,
  spec: RuntimeSpec,
  layers: readonly string[],
): unknown {
  if (!(error instanceof SyscallError) || error.call !== "execve") return error;
  const command = spec.process.args[0]!;
  const found = searchPath(command, spec.process.env).find((path) =>
    layers.some((layer) => exists(layer + path)),
  );
  const shown = JSON.stringify(command);
  const fail = (message: string, exitCode: number, hint?: string) =>
    new KontenerError(message, { code: "NOT_FOUND", exitCode, hint, cause: error });
  switch (error.errno) {
    case "ENOENT":
    case "ENOTDIR":
      if (found) {
        return fail(
          `${shown} is there, but the program that should run it is not: ${error.message}`,
          127,
          "a script's first line names an interpreter, a dynamic program a loader: the image lacks it",
        );
      }
      return fail(
        `command not found in the image: ${shown}`,
        127,
        suggestions(command, spec, layers),
      );
    case "EACCES":
      return fail(
        `not executable: ${error.message}`,
        126,
        `give it the right: chmod +x ${found ?? command}`,
      );
    case "ENOEXEC":
      return fail(
        `not a program that this machine can run: ${error.message}`,
        126,
        "it is for another architecture, or a script without a first line like #!/bin/sh",
      );
    default:
      return error;
  }
}

/** The closest names in the directories of PATH. */
function suggestions(
  command: string,
  spec: RuntimeSpec,
  layers: readonly string[],
): string | undefined {
  const directories = searchPath("", spec.process.env).filter((path) => path.startsWith("/"));
  const names = layers.flatMap((layer) =>
    directories.flatMap((directory) => tryList(layer + directory)),
  );
  const close = nearest(command, [...new Set(names)]);
  return close.length ? `did you mean ${close.join(", ")}?` : undefined;
}
