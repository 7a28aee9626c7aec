import { expect, test } from "bun:test";
import { container } from "../../../src/index.ts";
import { describeAsRoot } from "../support.ts";
import { useEngine } from "./library.ts";

describeAsRoot("a box on the network", () => {
  useEngine(152);

  const until = async (url: string): Promise<Response> => {
    for (let i = 0; ; i++) {
      const answer = await fetch(url).catch(() => undefined);
      if (answer || i > 100) return answer!;
      await Bun.sleep(20);
    }
  };

  test("a published port is reached at the one that box.port() says, and no longer when the box is closed", async () => {
    const box = await container("busybox", { publish: [80, "127.0.0.1::81"] });
    await box.writeFile("/www/name", "inside");
    for (const port of ["80", "81"])
      box.spawn(["httpd", "-f", "-p", port, "-h", "/www"], { stdout: "ignore", stderr: "ignore" });
    const urls = [80, 81].map((port) => `http://127.0.0.1:${box.port(port)}/name`);
    for (const url of urls) expect(await (await until(url)).text()).toBe("inside");
    expect(box.port("80/tcp")).toBe(box.port(80));
    expect(await (await fetch(`http://${box.address}/name`)).text()).toBe("inside");
    expect(() => box.port(82)).toThrow("publishes no port 82/tcp");
    await box.close();
    await expect(fetch(urls[0]!, { signal: AbortSignal.timeout(500) })).rejects.toThrow();
  });

  test("ports that make no sense are refused by name", async () => {
    for (const publish of [[0], ["x"], ["1:2:3:4"], [true], [1.5], 80] as never[])
      await expect(container("busybox", { publish })).rejects.toMatchObject({
        code: "INVALID",
        message: expect.stringMatching(/^publish/),
      });
  });
});
