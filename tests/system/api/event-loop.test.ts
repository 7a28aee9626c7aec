import { expect, test } from "bun:test";
import { container, run, type Box } from "../../../src/index.ts";
import { holdUp, type Hold } from "../../bench/loop.ts";
import { describeAsRoot } from "../support.ts";
import { useEngine } from "./library.ts";

/** A start that does everything in one piece holds the loop for more than half of its time: no noise makes that a third. */
function expectInPieces({ longest, whole }: Hold): void {
  expect(longest).toBeLessThan(whole / 3);
  expect(longest).toBeLessThan(4); // milliseconds; 1 where the machine has nothing else to do
}

describeAsRoot("the event loop of a process that runs boxes", () => {
  useEngine(150);
  const none = { network: "none" } as const;
  const start = () => run("busybox", ["true"], none);
  const warm = async () => {
    for (let i = 0; i < 20; i++) await start();
  };

  test("the probe sees a loop that is held up", async () => {
    const { longest } = await holdUp(3, async () => {
      await Bun.sleep(1);
      Bun.sleepSync(20);
      await Bun.sleep(1);
    });
    expect(longest).toBeGreaterThan(19);
  });

  test("a start, a command and an end are taken in pieces", async () => {
    await warm();
    expectInPieces(await holdUp(60, start));
    await using box = await container("busybox", none);
    const { longest } = await holdUp(60, () => box.exec(["true"]));
    expect(longest).toBeLessThan(4);
  });

  test("so are they while a hundred boxes run", async () => {
    const boxes: Box[] = [];
    try {
      for (let i = 0; i < 10; i++)
        boxes.push(
          ...(await Promise.all(Array.from({ length: 10 }, () => container("busybox", none)))),
        );
      await warm();
      expectInPieces(await holdUp(40, start));
    } finally {
      await Promise.all(boxes.map((box) => box.close()));
    }
  }, 60_000);
});
