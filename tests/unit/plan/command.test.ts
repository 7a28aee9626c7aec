import { describe, expect, test } from "bun:test";
import { searchPath } from "../../../src/plan/command.ts";

describe("where a command is looked for", () => {
  test("a name with a slash is itself, whatever PATH says", () => {
    expect(searchPath("./run", ["PATH=/bin"])).toEqual(["./run"]);
    expect(searchPath("/bin/ls", [])).toEqual(["/bin/ls"]);
  });

  test("any other in each directory of PATH, in order", () => {
    expect(searchPath("ls", ["A=1", "PATH=/a:/b"])).toEqual(["/a/ls", "/b/ls"]);
  });

  test("the last of two PATHs counts, as for getenv in the command itself", () => {
    expect(searchPath("ls", ["PATH=/a", "PATH=/b"])).toEqual(["/b/ls"]);
  });

  test("an empty element is the working directory (execvp(3))", () => {
    expect(searchPath("ls", ["PATH=/a::/b"])).toEqual(["/a/ls", "./ls", "/b/ls"]);
  });

  test("without PATH, or with an empty one, the usual directories are searched", () => {
    const usual = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    const places = usual.map((directory) => `${directory}/ls`);
    expect(searchPath("ls", [])).toEqual(places);
    expect(searchPath("ls", ["PATH="])).toEqual(places);
  });
});
