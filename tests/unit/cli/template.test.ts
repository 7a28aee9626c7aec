import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatRows, parseFormat } from "../../../src/cli/listing.ts";
import { evaluate } from "../../../src/cli/template/evaluate.ts";
import { parseTemplate } from "../../../src/cli/template/parse.ts";
import { KontenerError } from "../../../src/abi/error.ts";

const data = {
  Name: "web",
  State: { Running: true, Pid: 42, Health: null },
  Config: { Env: ["A=1", "B=2"], Labels: { b: "2", a: "1" } },
  Mounts: [
    { Source: "/src", RW: true },
    { Source: "/etc", RW: false },
  ],
  Empty: [],
};
const of = (template: string) => evaluate(parseTemplate(template), data);

/** Template and what Go's text/template with docker's functions makes of it. */
const examples: [string, string][] = [
  ["{{.Name}} is {{.State.Pid}}", "web is 42"],
  ["{{json .Config.Labels}}", '{"b":"2","a":"1"}'],
  ["{{.Config.Labels}}", "map[a:1 b:2]"],
  ["{{.Config.Env}}", "[A=1 B=2]"],
  ['{{join .Config.Env ", "}}', "A=1, B=2"],
  ["{{.Name | upper}}", "WEB"],
  ['{{upper .Name}}{{.Name | title | printf "%5s|"}}', "WEB  Web|"],
  ["{{if .State.Running}}up{{else}}down{{end}}", "up"],
  ["{{if .Empty}}a{{else if .State.Health}}b{{else}}c{{end}}", "c"],
  ["{{range .Mounts}}{{.Source}};{{end}}", "/src;/etc;"],
  ["{{range .Empty}}x{{else}}none{{end}}", "none"],
  ["{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}", "a=1 b=2 "],
  ["{{range $i, $m := .Mounts}}{{$i}}{{if $m.RW}}w{{end}}{{$.Name}} {{end}}", "0wweb 1web "],
  ["{{with .State}}{{.Pid}}{{end}}", "42"],
  ["{{$x := .State}}{{$x.Pid}}", "42"],
  ['{{index .Config.Labels "a"}}{{(index .Mounts 1).Source}}', "1/etc"],
  ['{{len .Mounts}} {{eq .Name "db" "web"}} {{and .Name .State.Pid}}', "2 true 42"],
  ["{{not (and .State.Running (gt .State.Pid 50))}}", "true"],
  ["a  {{- .Name -}}  b{{/* nothing */}}", "awebb"],
  ["{{.Config.Labels.missing}}{{.State.Health}}", "<no value><no value>"],
  ['{{println .Name}}{{`raw`}}{{"quo\\"ted"}}', 'web\nrawquo"ted'],
  ['{{range split "a,b" ","}}[{{.}}]{{end}}', "[a][b]"],
];

describe("--format templates", () => {
  for (const [template, text] of examples)
    test(`${template} gives ${JSON.stringify(text)}`, () => expect(of(template)).toBe(text));

  const mistakes: [string, RegExp, RegExp][] = [
    ["{{.Nam}}", /no field \.Nam/, /did you mean \.Name/],
    ["{{uper .Name}}", /no function uper/, /did you mean upper/],
    ["{{.Name", /has no end/, /Go's templates/],
    ["{{if .Name}}x", /\{\{if\}\} has no \{\{end\}\}/, /./],
    ["{{end}}", /one \{\{end\}\} too many/, /./],
    ["{{}}", /a command is missing/, /./],
    ["{{$x}}", /no variable \$x/, /^$/],
    ["{{range .Name}}{{end}}", /goes over lists and maps/, /^$/],
  ];
  for (const [template, message, hint] of mistakes)
    test(`${template} is an error in words`, () => {
      const error = failure(() => of(template));
      expect(error.message).toMatch(message);
      expect(error.hint ?? "").toMatch(hint);
    });

  test("whatever is written as a template is text or an error in words, never an accident", () => {
    const pieces = fc.constantFrom(
      ...'{{ }} {{- -}} .Name . $ $x := if else end range with json index ( ) | , "a" `b` 1 -2 .Mounts nil true'.split(
        " ",
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 }))), (words) => {
        try {
          expect(typeof of(`{{${words.join(" ")}`)).toBe("string");
        } catch (error) {
          expect(error).toBeInstanceOf(KontenerError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("a table has its titles above the columns, and \\t between them", () => {
    const rows = [{ ID: "1", Names: "web", Label: (key: string) => `${key}!` }];
    const titles = { ID: "CONTAINER ID", Names: "NAMES" };
    const print = (format?: string) => formatRows(parseFormat(format), rows, titles, ["ID"]);
    expect(print("table {{.ID}}\\t{{.Names}}")).toBe("CONTAINER ID   NAMES\n1              web");
    expect(print('{{.ID}}\\t{{.Label "x"}}')).toBe("1\tx!");
    expect(print("json")).toBe('{"ID":"1","Names":"web"}');
    expect(print()).toBe("CONTAINER ID\n1");
    expect(() => print("names")).toThrow("is not one of text, json or a template");
  });
});

function failure(fn: () => unknown): KontenerError {
  try {
    fn();
  } catch (error) {
    if (error instanceof KontenerError) return error;
    throw error;
  }
  throw new Error("there was no error");
}
