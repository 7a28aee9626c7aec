/**
 * Runs code that nobody has read, written by a model for instance, and gives a verdict. Python where the image has it; here
 * the shell of `busybox`, which is always there.
 *
 *     sudo bun examples/sandbox.ts
 */
import { run, type Output } from "kontener";

export type Verdict = {
  verdict: "passed" | "wrong answer" | "failed" | "too slow" | "out of memory" | "too much output";
  stdout: string;
  stderr: string;
  milliseconds: number;
};

/** One submission, one container: no network, nothing to write but /tmp, an ordinary user, and limits on everything. */
export async function judge(code: string, input: string, expected: string): Promise<Verdict> {
  const output = await run("busybox", ["sh", "-c", code], {
    input,
    network: "none",
    readOnly: true,
    tmpfs: ["/tmp:size=8m"],
    user: "65534:65534",
    memory: "32M",
    cpus: 1,
    pidsLimit: 16,
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

if (import.meta.main) {
  const submissions = {
    right: "read a b; echo $((a + b))",
    wrong: "read a b; echo $((a - b))",
    broken: "cat /no/such/file",
    slow: "while :; do :; done",
    greedy: "x=a; while :; do x=$x$x; done",
    chatty: "yes",
    bomb: "f() { f | f & }; f; sleep 60",
    curious: "cat /etc/shadow || wget -q -O - http://192.0.2.1/",
  };
  for (const [name, code] of Object.entries(submissions)) {
    const { verdict, milliseconds } = await judge(code, "2 3\n", "5");
    console.log(`${name.padEnd(8)} ${verdict} (${milliseconds} ms)`);
  }
}
