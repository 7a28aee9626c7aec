import { expect, test } from "bun:test";
import { CommandError, container } from "../../../src/index.ts";
import { describeAsRoot } from "../support.ts";
import { useEngine } from "./library.ts";

describeAsRoot("$", () => {
  useEngine(42);
  const start = () => container("busybox", { network: "none" });

  test("runs a shell's text in the box, with every value one word", async () => {
    await using box = await start();
    const evil = "$(touch /pwned) `id` '; exit 9 #";
    const { stdout, exitCode } =
      await box.$`printf '%s|' ${evil} ${["a b", "c"]} | cat; ls /pwned 2>&1`.nothrow();
    expect(stdout).toStartWith(`${evil}|a b|c|`);
    expect(stdout).toContain("No such file");
    expect(exitCode).toBe(1);
  });

  test("text, json, lines and bytes", async () => {
    await using box = await start();
    expect(await box.$`echo a; echo b`.text()).toBe("a\nb\n");
    expect(await box.$`echo '{"a":[1]}'`.json<{ a: number[] }>()).toEqual({ a: [1] });
    expect(await Array.fromAsync(box.$`echo a; echo b`.lines())).toEqual(["a", "b"]);
    expect(await box.$`printf '\\377\\001'`.bytes()).toEqual(new Uint8Array([255, 1]));
  });

  test("what another command printed is a value, less its last line end", async () => {
    await using box = await start();
    const name = await box.$`echo "two words"`;
    expect(await box.$`printf '<%s>' ${name}`.text()).toBe("<two words>");
  });

  test("cwd, env, user, input, timeout and signal can be chained, until it is awaited", async () => {
    await using box = await start();
    const command = box.$`pwd; echo $X; id -u; cat`;
    expect(await command.cwd("/tmp").env({ X: "1" }).user("5").input("in").text()).toBe(
      "/tmp\n1\n5\nin",
    );
    const late = await box.$`sleep 60`.timeout("100ms").nothrow();
    expect(late.timedOut).toBe(true);
    await expect(box.$`sleep 60`.signal(AbortSignal.timeout(50)).text()).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });

  test("an exit code that is not 0 is a CommandError with all that is known", async () => {
    await using box = await start();
    const error = await box.$`echo out; echo why >&2; exit 3`.then(undefined, (e: unknown) => e);
    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({ code: "EXIT", exitCode: 3, stdout: "out\n", stderr: "why\n" });
    expect((error as Error).message).toContain("exit code 3: why");
    await expect(Array.fromAsync(box.$`echo a; exit 4`.lines())).rejects.toMatchObject({
      exitCode: 4,
    });
    expect((await box.$`exit 3`.nothrow()).exitCode).toBe(3);
  });

  test("a reader who has had enough lines ends the command", async () => {
    await using box = await start();
    for await (const line of box.$`yes`.lines()) {
      expect(line).toBe("y");
      break;
    }
    expect(await box.$`ps`.text()).not.toContain("yes");
  });

  test("runs once, however often it is awaited", async () => {
    await using box = await start();
    const command = box.$`echo x >> /log; cat /log`;
    await Promise.all([command, command.text()]);
    expect(await box.$`cat /log`.text()).toBe("x\n");
  });
});
