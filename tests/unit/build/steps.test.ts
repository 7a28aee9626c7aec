import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { KontenerError } from "../../../src/abi/error.ts";
import { applyChanges } from "../../../src/build/changes.ts";
import { keywords, parseDockerfile } from "../../../src/build/dockerfile.ts";
import { planStages } from "../../../src/build/stages.ts";
import { startState } from "../../../src/build/state.ts";
import { evaluate, type Step } from "../../../src/build/steps.ts";

const none: ReadonlyMap<string, string> = new Map();

/** The steps and the config of a Dockerfile's last stage, its base taken for empty. */
function build(text: string, buildArgs = none, config = {}) {
  const file = parseDockerfile(text);
  const stages = planStages(file, { buildArgs, platformArgs: new Map([["TARGETARCH", "amd64"]]) });
  const facts = { name: file.name, escape: file.escape, buildArgs, globals: stages.globals };
  let state = startState(config);
  const steps: Step[] = [];
  for (const instruction of stages.all.at(-1)!.instructions) {
    const done = evaluate(instruction, state, facts, "none");
    steps.push(done.step);
    state = done.state;
  }
  return { steps, config: state.config, stages };
}

const complaint = (text: string): string => {
  try {
    build(text);
  } catch (error) {
    expect(error).toBeInstanceOf(KontenerError);
    return (error as Error).message;
  }
  return "";
};

describe("evaluate", () => {
  test("config instructions add to what is there", () => {
    const { config } = build(
      `FROM a
ENV A=1 B="two words" C=x\\ y
ENV A=$A$A OLD one  two
ENV OLD one  two
LABEL "k e"=v w=$A
EXPOSE 80 53/udp 8000-8001
VOLUME ["/data", "/log"]
VOLUME /more
WORKDIR /srv
WORKDIR app/../x
USER 1:2
STOPSIGNAL SIGINT
SHELL ["/bin/ash", "-c"]
CMD echo $A
ONBUILD RUN x
HEALTHCHECK --interval=1m30s --retries=2 CMD true`.replace(" OLD one  two\n", "\n"),
    );
    expect(config).toEqual({
      Env: ["A=11", "B=two words", "C=x y", "OLD=one  two"],
      Labels: { "k e": "v", w: "11" },
      ExposedPorts: { "80/tcp": {}, "53/udp": {}, "8000/tcp": {}, "8001/tcp": {} },
      Volumes: { "/data": {}, "/log": {}, "/more": {} },
      WorkingDir: "/srv/x",
      User: "1:2",
      StopSignal: "SIGINT",
      Shell: ["/bin/ash", "-c"],
      Cmd: ["/bin/ash", "-c", "echo $A"],
      OnBuild: ["RUN x"],
      Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 90e9, Retries: 2 },
    });
  });

  test("ENTRYPOINT forgets the base's command, and not the stage's own", () => {
    const base = { Cmd: ["old"] };
    expect(build('FROM a\nENTRYPOINT ["e"]', none, base).config).toEqual({ Entrypoint: ["e"] });
    const own = build('FROM a\nCMD ["new"]\nENTRYPOINT ["e"]', none, base).config;
    expect(own).toEqual({ Entrypoint: ["e"], Cmd: ["new"] });
  });

  test("an ARG counts from its line on, is what --build-arg says, and yields to ENV", () => {
    const text =
      "ARG G=g\nFROM a\nARG G\nARG X=x Y=${X}y\nARG TARGETARCH\nENV V=$G-$X-$Y-$TARGETARCH\nENV X=e\nENV W=$X$Z";
    expect(build(text).config.Env).toEqual(["V=g-x-xy-amd64", "X=e", "W=e"]);
    const given = build(
      text,
      new Map([
        ["X", "1"],
        ["Z", "2"],
      ]),
    );
    expect(given.config.Env).toEqual(["V=g-1-1y-amd64", "X=e", "W=e"]);
  });

  test("RUN has the arguments and the environment, and its here-documents", () => {
    const [, one, script, piped] = build(
      "FROM a\nARG X=1\nRUN echo $X\nRUN <<E\n#!/bin/cat\nx\nE\nRUN cat <<A >f\n$y\nA",
    ).steps;
    expect(one).toMatchObject({
      kind: "run",
      run: { argv: ["/bin/sh", "-c", "echo $X"], env: { X: "1" } },
    });
    expect(script).toMatchObject({ run: { argv: ["/dev/script"], script: "#!/bin/cat\nx\n" } });
    expect(piped).toMatchObject({ run: { argv: ["/bin/sh", "-c", "cat <<A >f\n$y\nA\n"] } });
  });

  test("COPY's destination is absolute, and a directory where it has to be one", () => {
    const [, relative, file, several] = build(
      'FROM a\nWORKDIR /w\nCOPY x y/\nCOPY --chmod=755 --chown=a:b x /z\nCOPY ["a b", "c", "."]',
    ).steps;
    expect(relative).toMatchObject({ copy: { target: "/w/y", intoDirectory: true } });
    expect(file).toMatchObject({
      copy: { target: "/z", intoDirectory: false, chmod: 0o755, chown: "a:b" },
    });
    expect(several).toMatchObject({
      copy: { target: "/w", sources: ["a b", "c"], intoDirectory: true },
    });
  });

  test.each([
    ["FROM a\nCOPY x", "Dockerfile:2: COPY needs a source and a destination"],
    ["FROM a\nCOPY x y z", "Dockerfile:2: several sources need a directory as destination: z/"],
    ["FROM a\nCOPY --chmod=u+x a b", "Dockerfile:2: --chmod=u+x is no octal mode, as in 0755"],
    ["FROM a\nCOPY --parents a b", "Dockerfile:2: COPY --parents is not there or lacks a value"],
    [
      "FROM a\nRUN --mount=type=cache,target=/c,sharing=none x",
      "Dockerfile:2: --mount: sharing=none is none of shared, locked, private",
    ],
    ["FROM a\nRUN --mount=type=ssh x", "Dockerfile:2: --mount=type=ssh is not there"],
    ["FROM a\nENV x", 'Dockerfile:2: "x" has no value'],
    ["FROM a\nENV a=1 b", 'Dockerfile:2: "b" is no NAME=VALUE'],
    ["FROM a\nEXPOSE x", 'Dockerfile:2: "x" is no port, as in 80 or 53/udp'],
    ["FROM a\nSHELL sh", 'Dockerfile:2: SHELL takes a JSON array: SHELL ["/bin/sh", "-c"]'],
    ["FROM a\nUSER $nobody", "Dockerfile:2: USER got an empty word"],
    ["FROM a\nONBUILD FROM b", "Dockerfile:2: ONBUILD cannot hold FROM"],
    ["RUN x\nFROM a", "Dockerfile:1: only ARG may stand before the first FROM"],
    ["FROM a AS", "Dockerfile:1: it should be FROM IMAGE, or FROM IMAGE AS NAME"],
    ["FROM $x", `Dockerfile:1: the image's name "$x" is empty`],
    ["ARG a", "Dockerfile has no FROM"],
  ])("%j: %s", (text, message) => {
    expect(complaint(text)).toBe(message);
  });
});

describe("planStages", () => {
  const file = parseDockerfile(
    "FROM a AS one\nFROM b AS unused\nFROM one AS two\nFROM scratch\nCOPY --from=two x y\nRUN --mount=from=0,target=/m z",
  );
  const plan = (target?: string) =>
    planStages(file, { buildArgs: none, platformArgs: none, ...(target ? { target } : {}) });

  test("takes what the target needs, in order", () => {
    expect(plan().needed).toEqual([0, 2, 3]);
    expect(plan("two").needed).toEqual([0, 2]);
    expect(plan("1").needed).toEqual([1]);
  });
  test("names the stages where there is no such", () => {
    expect(() => plan("twoo")).toThrow('there is no stage "twoo"');
  });
});

describe("applyChanges", () => {
  test("takes docker's instructions, and no others", () => {
    expect(applyChanges({ Env: ["A=1"] }, ["ENV A=2", 'CMD ["x"]'])).toEqual({
      Env: ["A=2"],
      Cmd: ["x"],
    });
    expect(() => applyChanges({}, ["RUN x"])).toThrow("--change does not take RUN");
  });
});

test("any instructions are steps, or one sentence with file and line", () => {
  const keyword = fc.constantFrom(...keywords);
  const piece = fc.oneof(
    fc.constantFrom(
      "a",
      "/b/",
      "$x",
      "${x:-y}",
      "${",
      "'",
      '"',
      "\\",
      "=",
      "a=b",
      "--from=a",
      "--chmod=7",
      "[1]",
    ),
    fc.constantFrom(
      '["a"]',
      "--mount=type=bind",
      "CMD",
      "NONE",
      "--interval=1s",
      "80/tcp",
      "AS",
      "scratch",
      "*",
      "<<E",
    ),
    fc.string({ unit: "binary", maxLength: 6 }).map((text) => text.replace(/[\r\n]/g, "")),
  );
  const line = fc
    .tuple(keyword, fc.array(piece, { minLength: 1, maxLength: 5 }))
    .map(([word, rest]) => `${word} ${rest.join(" ")}`);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
      try {
        build(["ARG x=1", "FROM a", ...lines].join("\n"));
      } catch (error) {
        expect(error).toBeInstanceOf(KontenerError);
        expect((error as Error).message).toMatch(/^Dockerfile:\d+: [^\n]*$/);
      }
    }),
    { numRuns: 3000 },
  );
});
