import { invalid } from "../abi/error.ts";
import { quote } from "./values.ts";

export type Environment = Record<string, string>;
/** The engine's own environment, from which a bare `-e KEY` takes its value. */
export type OwnEnvironment = Readonly<Record<string, string | undefined>>;
export type Variable = [name: string, value: string];

/** `-e KEY=VALUE`, or `-e KEY`: the engine's own value; nothing where it has none, as in docker. */
export function parseEnv(flag: string, text: string, own: OwnEnvironment): Variable | undefined {
  const at = text.indexOf("=");
  if (text === "" || at === 0)
    throw invalid(`${flag} ${quote(text)} has no name`, `${flag} NAME=VALUE, or ${flag} NAME`);
  return at < 0 ? inherited(text, own) : [text.slice(0, at), text.slice(at + 1)];
}

function inherited(name: string, own: OwnEnvironment): Variable | undefined {
  const value = Object.hasOwn(own, name) ? own[name] : undefined;
  return value === undefined ? undefined : [name, value];
}

/**
 * The content of an `--env-file`, as docker/cli's pkg/kvfile reads it: a line is `NAME=VALUE` or `NAME`; blanks before
 * the name, empty lines and lines that start with `#` do not count; quotes and blanks in a value are part of it.
 *
 * @param file the file's name, for errors
 */
export function parseEnvFile(file: string, content: string, own: OwnEnvironment): Variable[] {
  const lines = content.replace(/^\ufeff/, "").split("\n");
  return lines.flatMap((raw, i) => {
    const line = raw.replace(/\r$/, "").trimStart();
    if (line === "" || line.startsWith("#")) return [];
    const at = line.indexOf("=");
    const name = at < 0 ? line.trimEnd() : line.slice(0, at);
    const where = `${file}, line ${i + 1}:`;
    if (name === "") throw invalid(`${where} ${quote(line)} has no name before the equal sign`);
    if (/\s/.test(name)) throw invalid(`${where} the name ${quote(name)} has a blank in it`);
    if (line.includes("\0")) throw invalid(`${where} there is a NUL byte in it`);
    const found: Variable | undefined = at < 0 ? inherited(name, own) : [name, line.slice(at + 1)];
    return found ? [found] : [];
  });
}
