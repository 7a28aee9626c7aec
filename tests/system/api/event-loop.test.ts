import { expect, test } from "bun:test";
import { container, run, type Box } from "../../../src/index.ts";
import { holdUp, type Hold } from "../../bench/loop.ts";
import { describeAsRoot } from "../support.ts";
import { useEngine } from "./library.ts";

/**
 * In processor time, which does not depend on what else the machine does: in one piece a start takes 4 ms, in pieces less than
 * one. The bound leaves room for slower and loaded machines.
 */
const expectInPieces = ({ busiest }: Hold): void => expect(busiest).toBeLessThan(3);

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
    const { busiest } = await holdUp(3, async () => {
      await Bun.sleep(1);
      for (const end = performance.now() + 20; performance.now() < end;);
      await Bun.sleep(1);
    });
    expect(busiest).toBeGreaterThan(2);
  });

  test("a start, a command and an end are taken in pieces", async () => {
    await warm();
    expectInPieces(await holdUp(60, start));
    await using box = await container("busybox", none);
    expectInPieces(await holdUp(60, () => box.exec(["true"])));
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
