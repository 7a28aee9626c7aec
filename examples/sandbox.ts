/**
 * Runs code that nobody has read, written by a model for instance, and gives a verdict. Python is this host's own, JavaScript
 * runs in the Bun that runs this; both see an empty root file system with the host's /usr, read-only.
 *
 *     sudo bun examples/sandbox.ts
 */
import { run, type Output } from "kontener";

export type Language = "python" | "javascript" | "shell";

export type Verdict = {
  verdict: "passed" | "wrong answer" | "failed" | "too slow" | "out of memory" | "too much output";
  stdout: string;
  stderr: string;
  milliseconds: number;
};

/** How each is run: the code comes as a word of the command, so that standard input is left for the code. */
const languages: Record<Language, { image: string; command: string[]; volumes?: string[] }> = {
  python: { image: "host", command: ["python3", "-I", "-c"] },
  javascript: {
    image: "host",
    command: ["/opt/bun", "--eval"],
    volumes: [`${process.execPath}:/opt/bun:ro`],
  },
  shell: { image: "busybox", command: ["sh", "-c"] },
};

/** One submission, one container: no network, nothing to write but /tmp, an ordinary user, and limits on everything. */
export async function judge(
  language: Language,
  code: string,
  { input, expected }: { input: string; expected: string },
): Promise<Verdict> {
  const { image, command, volumes = [] } = languages[language];
  const output = await run(image, [...command, code], {
    input,
    volumes,
    network: "none",
    readOnly: true,
    tmpfs: ["/tmp:size=8m"],
    user: "nobody",
    capDrop: ["ALL"],
    memory: "128M",
    cpus: 1,
    pidsLimit: 32,
    timeout: "2s",
    maxOutput: 64 * 1024,
  });
  const { stdout, stderr, usage } = output;
  const milliseconds = Math.round(usage.wallTime);
  return { verdict: verdictOf(output, expected), stdout, stderr, milliseconds };
}

function verdictOf(output: Output, expected: string): Verdict["verdict"] {
  if (output.timedOut) return "too slow";
  if (output.truncated) return "too much output";
  if (output.oomKilled) return "out of memory";
  if (output.exitCode !== 0) return "failed";
  return output.stdout.trim() === expected ? "passed" : "wrong answer";
}

/** The task: two numbers on a line; print their sum. */
export const submissions: readonly [Language, code: string, Verdict["verdict"]][] = [
  ["python", "a, b = map(int, input().split()); print(a + b)", "passed"],
  ["python", "a, b = map(int, input().split()); print(a - b)", "wrong answer"],
  ["python", "import numbers_that_are_not_there", "failed"],
  ["python", "while True: pass", "too slow"],
  ["python", "x = []\nwhile True: x.append(bytearray(1 << 20))", "out of memory"],
  ["python", "while True: print('y' * 1000)", "too much output"],
  ["python", "import os\nwhile True: os.fork()", "failed"],
  ["python", "print(open('/etc/shadow').read())", "failed"],
  ["python", "import urllib.request as r; r.urlopen('http://192.0.2.1/', timeout=3)", "failed"],
  [
    "javascript",
    "const [a, b] = (await Bun.stdin.text()).split(' ').map(Number); console.log(a + b)",
    "passed",
  ],
  ["javascript", "console.log(6)", "wrong answer"],
  ["javascript", "for (;;);", "too slow"],
  ["javascript", "require('node:fs').writeFileSync('/usr/bin/env', '')", "failed"],
  ["shell", "read a b; echo $((a + b))", "passed"],
  ["shell", "f() { f | f & }; f; sleep 60", "too slow"],
];

if (import.meta.main) {
  for (const [language, code] of submissions) {
    const { verdict, milliseconds } = await judge(language, code, {
      input: "2 3\n",
      expected: "5",
    });
    console.log(
      `${verdict.padEnd(15)} ${String(milliseconds).padStart(5)} ms  ${language}: ${code.split("\n").join("; ")}`,
    );
  }
}
