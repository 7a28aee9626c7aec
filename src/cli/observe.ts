import type { Observer } from "../engine/birth.ts";
import type { EngineOptions } from "../spec/engine-options.ts";
import { say } from "./report.ts";

/** Who listens to a start: nobody, a narrator, a person who takes one step at a time. `end` when it is over. */
export type Listening = { observer: Observer; end(): void };

export async function observe({ explain, step }: EngineOptions): Promise<Listening> {
  if (!explain && !step) return { observer: { warn: say }, end: () => undefined };
  const { openNarrator } = await import("./explain.ts");
  const { narration, event, end } = await openNarrator(explain || "text");
  const observer: Observer = {
    warn: event,
    planned: (plan) => narration.planned(plan),
    host: (done, result, milliseconds) => narration.host(done, result, milliseconds),
    born: (pid) => narration.born(pid),
    child: (done, result, nanoseconds) => narration.child(done, result, nanoseconds),
    executed: () => narration.executed(),
  };
  if (step) {
    const { StepPrompt } = await import("./step-prompt.ts");
    const prompt = new StepPrompt();
    observer.ask = (next, number) => {
      end(); // what is being gathered comes before the question
      return prompt.ask(next, number);
    };
    observer.born = (pid) => {
      narration.born(pid);
      prompt.born(pid);
    };
  }
  return { observer, end };
}
