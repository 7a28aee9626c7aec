import { expect, test } from "bun:test";
import type { InferOutput } from "valibot";
import type { ContainerOptions } from "../../../src/spec/options.ts";
import { parseOptions, type optionsSchema } from "../../../src/spec/options-schema.ts";

/** Neither side has a field that the other lacks: `satisfies` alone would let the schema forget an optional one. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Flat<T> = { [K in keyof T]: T[K] };

test("the schema and the type describe the same options", () => {
  const same: Same<
    Flat<Required<InferOutput<typeof optionsSchema>>>,
    Flat<Required<ContainerOptions>>
  > = true;
  expect(same).toBe(true);
});

test("options of the right shape come back as they are", () => {
  const options: ContainerOptions = {
    image: "alpine",
    memory: 64 << 20,
    env: { A: "b" },
    mounts: [{ type: "tmpfs", target: "/t", options: [] }],
  };
  expect(parseOptions(options)).toEqual(options);
});

test.each([
  [undefined, "options: "],
  [{}, "image: "],
  [{ image: 1 }, "image: "],
  [{ image: "a", memmory: 1 }, "memmory: "],
  [{ image: "a", memory: 1.5 }, "memory: "],
  [{ image: "a", mounts: [{ type: "npipe" }] }, "mounts.0.type: "],
  [{ image: "a", memory: 1 }, "--memory 1 is too small"],
])("%j is refused, and the field is named", (input, message) => {
  expect(() => parseOptions(input)).toThrow(
    expect.objectContaining({ code: "INVALID", message: expect.stringContaining(message) }),
  );
});
