import type { Result } from "./output.ts";

/** Something that has happened to a box. `id` counts its commands, from 1. */
export type BoxEvent = { time: Date } & (
  | { type: "start"; id: number; command: readonly string[] }
  /** A command has ended; `oomKilled` and `timedOut` say why. One that could not be started has no events. */
  | ({ type: "exit"; id: number; command: readonly string[] } & Result)
  /** The last one. */
  | { type: "end"; reason: string }
);

type Untimed<T = BoxEvent> = T extends BoxEvent ? Omit<T, "time"> : never;

/** Events on their way to whoever asked for them. Where nobody did they are gone. */
export class BoxEvents {
  readonly #readers = new Set<ReadableStreamDefaultController<BoxEvent>>();
  #last: BoxEvent | undefined;

  emit(what: Untimed): void {
    if (this.#last) return;
    const event = { time: new Date(), ...what } as BoxEvent;
    for (const reader of this.#readers) reader.enqueue(event);
    if (event.type !== "end") return;
    this.#last = event;
    for (const reader of this.#readers) reader.close();
  }

  /** What happens from now on, to the box's end; of one that has ended only that. */
  read(): ReadableStream<BoxEvent> {
    let own: ReadableStreamDefaultController<BoxEvent>;
    return new ReadableStream<BoxEvent>({
      start: (controller) => {
        own = controller;
        if (!this.#last) return void this.#readers.add(controller);
        controller.enqueue(this.#last);
        controller.close();
      },
      cancel: () => void this.#readers.delete(own),
    });
  }
}
