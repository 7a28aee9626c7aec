import { invalid, type KontenerError } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import { findHeredocs, readHeredoc, type Heredoc } from "./heredoc.ts";

/** An instruction as it is written, its continuation lines joined. Variables are not expanded yet. */
export type Instruction = {
  /** In capitals. */
  keyword: Keyword;
  /** Where it begins, counted from 1. */
  line: number;
  /** `--chown=…` and the like, in the order of writing; a flag without `=` has an empty value. */
  flags: { name: string; value: string }[];
  /** All that follows the flags. */
  rest: string;
  /** The same where it is a JSON array of strings: the "exec form". */
  json: string[] | undefined;
  heredocs: Heredoc[];
};

export type Dockerfile = {
  /** What the messages call it. */
  name: string;
  /** The escape directive's: a backslash or a backtick. */
  escape: "\\" | "`";
  instructions: Instruction[];
};

export const keywords = [
  "ADD",
  "ARG",
  "CMD",
  "COPY",
  "ENTRYPOINT",
  "ENV",
  "EXPOSE",
  "FROM",
  "HEALTHCHECK",
  "LABEL",
  "MAINTAINER",
  "ONBUILD",
  "RUN",
  "SHELL",
  "STOPSIGNAL",
  "USER",
  "VOLUME",
  "WORKDIR",
] as const;
export type Keyword = (typeof keywords)[number];

/** Something wrong with a Dockerfile: the message begins with file and line. */
export const wrongLine = (
  name: string,
  line: number,
  message: string,
  hint?: string,
): KontenerError => invalid(`${name}:${line}: ${message}`, hint);

/**
 * Parses a Dockerfile (docs.docker.com/reference/dockerfile, and where that is vague, BuildKit's parser). Own code: of npm's
 * parsers docker-file-parser knows no here-documents and keeps no lines of continued instructions, and dockerfile-ast, an
 * editor's model, takes every text for a Dockerfile.
 *
 * @throws KontenerError INVALID, with file and line
 */
export function parseDockerfile(text: string, name = "Dockerfile"): Dockerfile {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const { escape, first } = readDirectives(lines, name);
  const continued = new RegExp(`(?:^|[^\\${escape}])\\${escape}[ \\t]*$`);
  const instructions: Instruction[] = [];
  let at = first;
  const next = (): string | undefined => lines[at++];
  for (let line = next(); line !== undefined; line = next()) {
    const start = at;
    let joined = line.trimStart();
    if (joined === "" || joined.startsWith("#")) continue;
    while (continued.test(joined)) {
      joined = joined.slice(0, joined.lastIndexOf(escape));
      // Comments and empty lines in between belong to nobody.
      let more = next();
      while (more !== undefined && /^\s*(#.*)?$/.test(more)) more = next();
      if (more === undefined) break;
      joined += more;
    }
    const instruction = readInstruction(joined.trim(), start, name);
    for (const heredoc of heredocsOf(instruction)) {
      const content = readHeredoc(heredoc, next);
      if (content === undefined)
        throw wrongLine(name, start, `the here-document <<${heredoc.name} has no end`);
      instruction.heredocs.push({ ...heredoc, content });
    }
    instructions.push(instruction);
  }
  return { name, escape, instructions };
}

/** `# escape=…` and other directives stand before everything else, comments too. */
function readDirectives(lines: readonly string[], name: string) {
  const seen = new Set<string>();
  let escape: Dockerfile["escape"] = "\\";
  let first = 0;
  for (const line of lines) {
    const [, key, value = ""] = /^\s*#\s*([a-zA-Z][\w-]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined) break;
    const directive = key.toLowerCase();
    if (!["escape", "syntax", "check"].includes(directive)) break;
    first++;
    if (seen.has(directive)) throw wrongLine(name, first, `there are two ${directive} directives`);
    seen.add(directive);
    if (directive !== "escape") continue;
    if (value !== "\\" && value !== "`")
      throw wrongLine(name, first, `escape=${value} is neither a backslash nor a backtick`);
    escape = value;
  }
  return { escape, first };
}

function readInstruction(text: string, line: number, name: string): Instruction {
  const [, word = "", rest = ""] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  const keyword = word.toUpperCase() as Keyword;
  if (!keywords.includes(keyword)) {
    const meant = nearest(keyword, keywords);
    throw wrongLine(
      name,
      line,
      `there is no instruction ${JSON.stringify(word)}`,
      meant.length > 0 ? `did you mean ${meant.join(" or ")}?` : `there are ${keywords.join(", ")}`,
    );
  }
  if (rest === "") throw wrongLine(name, line, `${keyword} needs something behind it`);
  return { keyword, line, ...readFlags(keyword, rest), heredocs: [] };
}

/** Instructions that take `--flags`; elsewhere such a word is part of the text. */
const flagged = new Set<Keyword>(["ADD", "COPY", "FROM", "HEALTHCHECK", "RUN"]);

function readFlags(keyword: Keyword, text: string): Pick<Instruction, "flags" | "rest" | "json"> {
  const flags: Instruction["flags"] = [];
  let rest = text;
  while (flagged.has(keyword)) {
    const [whole, flag, value] =
      /^--([a-z][a-z-]*)(?:=("(?:[^"\\]|\\.)*"|'[^']*'|\S*))?(?=\s|$)\s*/.exec(rest) ?? [];
    if (whole === undefined || flag === undefined) break;
    flags.push({ name: flag, value: unquote(value ?? "") });
    rest = rest.slice(whole.length);
  }
  return { flags, rest, json: jsonArray(rest) };
}

const unquote = (text: string): string => /^(["'])(.*)\1$/s.exec(text)?.[2] ?? text;

/** As in docker, what looks like an array and is no JSON is a shell's. */
export function jsonArray(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  } catch {
    // a shell's test command, say
  }
  return undefined;
}

function heredocsOf({ keyword, rest, json }: Instruction): Heredoc[] {
  if (json) return [];
  const inner = keyword === "ONBUILD" ? /^(\S+)/.exec(rest)?.[1]?.toUpperCase() : keyword;
  return inner === "RUN" || inner === "COPY" || inner === "ADD" ? findHeredocs(rest) : [];
}

/** The instruction that an image's ONBUILD holds for those who build from it. */
export function parseTrigger(text: string, image: string): Instruction {
  const name = `ONBUILD of ${image}`;
  const [instruction] = parseDockerfile(text, name).instructions;
  if (!instruction) throw wrongLine(name, 1, "it is empty");
  return instruction;
}
