import { invalid } from "../../abi/error.ts";
import { nearest } from "../../abi/nearest.ts";
import { functions, isTrue, print } from "./functions.ts";
import type { Base, Node, Operand, Pipeline } from "./parse.ts";

/** Fields of these names hold keys that users have chosen: one that is not there is empty, and no mistake. */
const maps = new Set([
  "Labels",
  "Annotations",
  "annotations",
  "Ports",
  "Networks",
  "labels",
  "env",
]);

class Scope {
  readonly #names = new Map<string, unknown>();
  readonly #outer: Scope | undefined;
  constructor(outer?: Scope) {
    this.#outer = outer;
  }
  set(name: string, value: unknown): void {
    this.#names.set(name, value);
  }
  get(name: string): unknown {
    if (this.#names.has(name)) return this.#names.get(name);
    if (this.#outer) return this.#outer.get(name);
    throw invalid(`--format: there is no variable ${name}`);
  }
}

/** What a template makes of a value. Throws INVALID where it asks for what is not there. */
export function evaluate(nodes: readonly Node[], data: unknown): string {
  const scope = new Scope();
  scope.set("$", data);
  return all(nodes, data, scope);
}

const all = (nodes: readonly Node[], dot: unknown, scope: Scope): string =>
  nodes.map((node) => one(node, dot, scope)).join("");

function one(node: Node, dot: unknown, scope: Scope): string {
  if (node.kind === "text") return node.text;
  const { pipeline } = node;
  if (node.kind === "print") {
    const value = run(pipeline, dot, scope);
    for (const name of pipeline.variables) scope.set(name, value);
    return pipeline.variables.length > 0 ? "" : print(value);
  }
  const value = run(pipeline, dot, scope);
  if (node.kind === "range") return range(node, value, dot, scope);
  const inner = new Scope(scope);
  for (const name of pipeline.variables) inner.set(name, value);
  const now = node.kind === "with" && isTrue(value) ? value : dot;
  return all(isTrue(value) ? node.body : node.otherwise, now, inner);
}

/** Of a map in the order of its keys, as in Go. */
function range(
  { pipeline, body, otherwise }: Extract<Node, { body: Node[] }>,
  value: unknown,
  dot: unknown,
  scope: Scope,
): string {
  const pairs: [unknown, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : value !== null && typeof value === "object"
      ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
      : [];
  if (value !== null && value !== undefined && typeof value !== "object")
    throw invalid(`--format: range goes over lists and maps, not over ${JSON.stringify(value)}`);
  if (pairs.length === 0) return all(otherwise, dot, scope);
  const names = pipeline.variables;
  return pairs
    .map(([key, item]) => {
      const inner = new Scope(scope);
      if (names.length === 2) inner.set(names[0]!, key);
      if (names.length > 0) inner.set(names.at(-1)!, item);
      return all(body, item, inner);
    })
    .join("");
}

/** Each command's result is the next one's last argument. */
function run({ commands }: Pipeline, dot: unknown, scope: Scope): unknown {
  let value: unknown;
  commands.forEach((command, i) => {
    value = apply(command, i === 0 ? [] : [value], dot, scope);
  });
  return value;
}

function apply(
  [first, ...rest]: readonly Operand[],
  piped: unknown[],
  dot: unknown,
  scope: Scope,
): unknown {
  const args = [...rest.map((operand) => operandOf(operand, dot, scope)), ...piped];
  const { of, path } = first!;
  if (of.kind === "function") return follow(call(of.name, args), path);
  const value = operandOf(first!, dot, scope);
  if (typeof value === "function") return (value as (...words: unknown[]) => unknown)(...args);
  if (args.length > 0) throw invalid(`--format: ${print(value)} is no function`);
  return value;
}

function operandOf({ of, path }: Operand, dot: unknown, scope: Scope): unknown {
  return follow(base(of, dot, scope), path);
}

function base(of: Base, dot: unknown, scope: Scope): unknown {
  if (of.kind === "dot") return dot;
  if (of.kind === "literal") return of.value;
  if (of.kind === "variable") return scope.get(of.name);
  if (of.kind === "function") return call(of.name, []);
  return run(of.pipeline, dot, scope);
}

function call(name: string, args: unknown[]): unknown {
  if (Object.hasOwn(functions, name)) return functions[name]!(...args);
  const meant = nearest(name, Object.keys(functions));
  throw invalid(
    `--format: there is no function ${name}`,
    meant.length > 0
      ? `did you mean ${meant.join(" or ")}?`
      : `there are ${Object.keys(functions).join(", ")}`,
  );
}

function follow(start: unknown, path: readonly string[]): unknown {
  let value = start;
  let inside = "";
  for (const name of path) {
    if (value === null || value === undefined) return null;
    if (typeof value === "object" && Object.hasOwn(value, name))
      value = (value as Record<string, unknown>)[name];
    else if (maps.has(inside)) value = null;
    else throw unknownField(name, value);
    inside = name;
  }
  return value;
}

function unknownField(name: string, value: unknown): Error {
  const names = typeof value === "object" && value !== null ? Object.keys(value) : [];
  const meant = nearest(name, names);
  return invalid(
    `--format: there is no field .${name}`,
    meant.length > 0
      ? `did you mean ${meant.map((word) => `.${word}`).join(" or ")}?`
      : `there ${names.length === 0 ? "are none" : `are ${names.map((word) => `.${word}`).join(", ")}`}`,
  );
}
