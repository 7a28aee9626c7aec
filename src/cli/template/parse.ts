import { invalid } from "../../abi/error.ts";

/**
 * Go's text/template, as far as docker's users write it with `--format`: fields, variables, pipelines, parentheses,
 * literals, `if`, `else if`, `range`, `with`, comments, and `{{-` `-}}`, which take white space away. No `define`, `block`.
 */
export type Node =
  | { kind: "text"; text: string }
  | { kind: "print"; pipeline: Pipeline }
  | { kind: "if" | "range" | "with"; pipeline: Pipeline; body: Node[]; otherwise: Node[] };

/** `$a, $b := x | f y`: variables that are set, and commands, each of which gets the one before as its last argument. */
export type Pipeline = { variables: string[]; commands: Operand[][] };

export type Operand = { of: Base; path: string[] };
export type Base =
  | { kind: "dot" }
  | { kind: "variable"; name: string }
  | { kind: "function"; name: string }
  | { kind: "literal"; value: string | number | boolean | null }
  | { kind: "parentheses"; pipeline: Pipeline };

const ACTION = /\{\{(- )?((?:"(?:\\.|[^"\\])*"|`[^`]*`|(?!\}\}).)*?)( -)?\}\}/gs;
const TOKEN =
  /\s*(?:("(?:\\.|[^"\\])*")|`([^`]*)`|(-?\d+(?:\.\d+)?)|(:=|[|(),])|(\$\w*)|((?:\.\w+)+|\.)|(\w+))/y;

type Token = {
  kind: "text" | "number" | "sign" | "variable" | "fields" | "word";
  text: string;
  /** No space before it: `$x.Name`, `(index .List 0).Name`. */
  glued: boolean;
};

const wrong = (what: string): Error =>
  invalid(`--format: ${what}`, "as Go's templates: '{{.ID}} {{.Names}}', '{{json .}}'");

/** Throws INVALID, one sentence about the first place that is wrong. */
export function parseTemplate(source: string): Node[] {
  // Without braces it would print itself for each thing: more likely a mistake.
  if (!source.includes("{{"))
    throw invalid(
      `--format ${JSON.stringify(source)} is not one of text, json or a template`,
      "like '{{.ID}}', and where there is a list also 'table {{.ID}}\\t{{.Names}}'",
    );
  type Open = { node: Extract<Node, { body: Node[] }>; inElse: boolean; implied: boolean };
  const root: Node[] = [];
  const open: Open[] = [];
  const here = (): Node[] => {
    const last = open.at(-1);
    return last === undefined ? root : last.inElse ? last.node.otherwise : last.node.body;
  };
  let at = 0;
  let trim = false;
  const text = (until: number, trimEnd: boolean): void => {
    let piece = source.slice(at, until);
    if (piece.includes("{{")) throw wrong(`${JSON.stringify(piece)} has no end: }} is missing`);
    if (trim) piece = piece.trimStart();
    if (trimEnd) piece = piece.trimEnd();
    if (piece !== "") here().push({ kind: "text", text: piece });
  };
  const enter = (kind: Open["node"]["kind"], tokens: Token[], implied: boolean): void => {
    const node: Open["node"] = { kind, pipeline: pipelineOf(tokens), body: [], otherwise: [] };
    here().push(node);
    open.push({ node, inElse: false, implied });
  };
  for (const match of source.matchAll(ACTION)) {
    text(match.index, match[1] !== undefined);
    at = match.index + match[0].length;
    trim = match[3] !== undefined;
    const code = match[2]!.trim();
    if (code.startsWith("/*") && code.endsWith("*/")) continue;
    const tokens = tokensOf(code);
    const word = tokens[0]?.kind === "word" ? tokens[0].text : "";
    if (word === "if" || word === "range" || word === "with") enter(word, tokens.slice(1), false);
    else if (word === "else") {
      const last = open.at(-1);
      if (!last || last.inElse) throw wrong("{{else}} belongs to no {{if}}, {{range}} or {{with}}");
      last.inElse = true;
      if (tokens.length > 1) {
        if (tokens[1]!.text !== "if") throw wrong(`{{${code}}} is no {{else}} and no {{else if}}`);
        enter("if", tokens.slice(2), true);
      }
    } else if (word === "end") {
      let closed = open.pop();
      if (!closed) throw wrong("there is one {{end}} too many");
      while (closed?.implied) closed = open.pop(); // an "else if" ends with the "if" that it belongs to
    } else here().push({ kind: "print", pipeline: pipelineOf(tokens) });
  }
  text(source.length, false);
  const last = open.at(-1);
  if (last) throw wrong(`{{${last.node.kind}}} has no {{end}}`);
  return root;
}

function tokensOf(code: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; code.slice(at).trim() !== ""; at = TOKEN.lastIndex) {
    const match = TOKEN.exec(code);
    if (!match) throw wrong(`{{${code}}} cannot be read from ${JSON.stringify(code.slice(at))} on`);
    const [whole, quoted, raw, number, sign, variable, fields, word] = match;
    const add = (kind: Token["kind"], text: string) =>
      tokens.push({ kind, text, glued: at > 0 && !/^\s/.test(whole) });
    if (quoted !== undefined) add("text", unquote(quoted));
    else if (raw !== undefined) add("text", raw);
    else if (number !== undefined) add("number", number);
    else if (sign !== undefined) add("sign", sign);
    else if (variable !== undefined) add("variable", variable);
    else if (fields !== undefined) add("fields", fields);
    else add("word", word!);
  }
  return tokens;
}

function unquote(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw wrong(`${quoted} is not a text`);
  }
}

function pipelineOf(tokens: Token[]): Pipeline {
  const left = [...tokens];
  const pipeline = readPipeline(left);
  if (left.length > 0) throw wrong("there is a ) too many");
  return pipeline;
}

/** Takes tokens away until the end, or the `)` that ends it. */
function readPipeline(left: Token[]): Pipeline {
  const variables: string[] = [];
  const assigned = left.findIndex(({ kind, text }) => kind === "sign" && text === ":=");
  if (assigned > 0 && left[0]!.kind === "variable")
    for (const { kind, text } of left.splice(0, assigned + 1))
      if (kind === "variable") variables.push(text);
  const commands: Operand[][] = [[]];
  const add = (of: Base): number => commands.at(-1)!.push({ of, path: [] });
  for (let next = left.shift(); next && next.text !== ")"; next = left.shift()) {
    const { kind, text } = next;
    if (kind === "text") add({ kind: "literal", value: text });
    else if (kind === "number") add({ kind: "literal", value: Number(text) });
    else if (kind === "variable") add({ kind: "variable", name: text });
    else if (kind === "word" && (text === "true" || text === "false"))
      add({ kind: "literal", value: text === "true" });
    else if (kind === "word" && text === "nil") add({ kind: "literal", value: null });
    else if (kind === "word") add({ kind: "function", name: text });
    else if (kind === "fields") readFields(next, commands.at(-1)!);
    else if (text === "|") commands.push([]);
    else if (text === "(") add({ kind: "parentheses", pipeline: readPipeline(left) });
    else throw wrong(`${text} stands where it means nothing`);
  }
  if (commands.some((command) => command.length === 0)) throw wrong("a command is missing: {{}}");
  return { variables, commands };
}

/** `.A.B` alone is of the dot; behind a variable or a parenthesis it is of that. */
function readFields({ text, glued }: Token, command: Operand[]): void {
  const path = text.split(".").filter(Boolean);
  const before = command.at(-1);
  if (glued && before) before.path.push(...path);
  else command.push({ of: { kind: "dot" }, path });
}
