import { afterAll, expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { append, journalOf, MAX_JOURNAL, note } from "../../../src/engine/journal.ts";
import { JournalReader } from "../../../src/engine/read-journal.ts";

const directory = mkdtempSync(`${tmpdir()}/kontener-journal-`);
afterAll(() => rmSync(directory, { recursive: true }));
const record = (id: string) => ({
  id,
  name: "web",
  image: "busybox",
  options: { image: "busybox" },
});
const write = (run: string, id: string) => note(`${run}/containers/${id}`, record(id), "start");
const ids = (reader: JournalReader) => [...reader.next()].map(({ Actor }) => Actor.ID);

test("events come in order, through rotations, and torn or foreign lines are passed over", () => {
  const run = mkdtempSync(`${directory}/run-`);
  const journal = journalOf(`${run}/containers/1`);
  using reader = new JournalReader(journal, "now");
  write(run, "a");
  appendFileSync(journal, 'null\n{"Type":"con\n[]\nno json\n{"timeNano":1,"Action":"x"}\n');
  expect(ids(reader)).toEqual(["a"]);
  write(run, "b");
  append(journal, `${"x".repeat(MAX_JOURNAL)}\n`);
  expect(existsSync(journal)).toBe(false);
  write(run, "c");
  expect(ids(reader)).toEqual(["b", "c"]);
  using whole = new JournalReader(journal, "start");
  expect(ids(whole)).toEqual(["a", "b", "c"]);
});

test("two megabytes are the most that is kept", () => {
  const run = mkdtempSync(`${directory}/run-`);
  for (let i = 0; i < 6; i++) append(`${run}/events`, `${"x".repeat(MAX_JOURNAL / 2)}\n`);
  const size = (name: string) => statSync(`${run}/${name}`, { throwIfNoEntry: false })?.size ?? 0;
  expect(size("events") + size("events.1")).toBeLessThan(2.1 * MAX_JOURNAL);
});

test("a journal that cannot be written is nobody's trouble", () => {
  expect(() => write("/proc/no/such", "a")).not.toThrow();
});

test("eight processes that write at once lose and mix nothing", async () => {
  const run = mkdtempSync(`${directory}/run-`);
  const script = `import { note } from "${import.meta.dir}/../../../src/engine/journal.ts";
    for (let i = 0; i < 200; i++) note("${run}/containers/x", { id: process.argv[1] + "-" + i, name: "n".repeat(300), image: "i", options: { image: "i" } }, "start");`;
  await Promise.all(
    Array.from(
      { length: 8 },
      (_, n) =>
        Bun.spawn([process.execPath, "-e", script, `w${n}`], {
          stdio: ["ignore", "ignore", "inherit"],
        }).exited,
    ),
  );
  using reader = new JournalReader(`${run}/events`, "start");
  const all = ids(reader);
  expect(new Set(all).size).toBe(1600);
  for (let n = 0; n < 8; n++)
    expect(all.filter((id) => id.startsWith(`w${n}-`))).toEqual(
      Array.from({ length: 200 }, (_, i) => `w${n}-${i}`),
    );
});
