import { expect, test } from "bun:test";
import { waiterTable } from "../../../src/launch/waiter.ts";
import { FakeLauncher, type FakeCall } from "./fake-kernel.ts";

const successor = { argv: ["/usr/bin/next", "word"], env: ["A=b"] };

/** What a waiter does whose ppoll(2) returns `polled`. */
function play(polled: number, arch: "x86_64" | "aarch64") {
  const launcher = new FakeLauncher(waiterTable(90_500, successor, arch), arch);
  let time: bigint[] = [];
  const calls = launcher.run((call: FakeCall) => {
    if (call.name !== "ppoll") return call.nonzero ? 1 : 0;
    const view = new DataView(launcher.bytes(call.args[2]!, 16).buffer);
    time = [view.getBigInt64(0, true), view.getBigInt64(8, true)];
    const poll = new DataView(launcher.bytes(call.args[0]!, 8).buffer);
    expect([poll.getInt32(0, true), poll.getInt16(4, true)]).toEqual([1, 1]);
    return polled;
  });
  return { names: calls.map(({ name }) => name), time };
}

for (const arch of ["x86_64", "aarch64"] as const) {
  test(`${arch}: a waiter becomes its successor when its time is over, with nothing open but /dev/null`, () => {
    const { names, time } = play(0, arch);
    expect(time).toEqual([90n, 500_000_000n]);
    expect(names.slice(names.indexOf("ppoll") + 1)).toEqual([
      "close_range",
      "openat",
      "openat",
      "openat",
      "rt_sigprocmask",
      "execve",
    ]);
  });
  test(`${arch}: it ends when the process ends that it watches`, () => {
    expect(play(1, arch).names.slice(-2)).toEqual(["ppoll", "exit_group"]);
  });
}
