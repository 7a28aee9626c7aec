/**
 * A server for a test file: started once, thrown away at the end, on an address that nobody else has. Here the web server
 * of `busybox`; a database from an image of your own is started in the same way.
 *
 *     sudo bun examples/test-fixture.ts
 */
import { container, type Box, type Run } from "kontener";

export type Fixture = AsyncDisposable & { box: Box; server: Run; url: string };

/** Starts the server with these pages, and waits until it answers. */
export async function startServer(pages: Record<string, string>): Promise<Fixture> {
  const box = await container("busybox", { memory: "32M" });
  try {
    for (const [name, text] of Object.entries(pages)) await box.writeFile(`/www/${name}`, text);
    const server = box.spawn(["httpd", "-f", "-p", "80", "-h", "/www"], {
      stdout: "ignore",
      stderr: "ignore",
    });
    const url = `http://${box.address}/`;
    await untilReady(url, server);
    return { box, server, url, [Symbol.asyncDispose]: () => box.close() };
  } catch (error) {
    await box.close();
    throw error;
  }
}

async function untilReady(url: string, server: Run): Promise<void> {
  const ended = server.exited.then(({ exitCode }) => {
    throw new Error(`the server ended with ${exitCode} before it answered`);
  });
  const ready = async () => {
    while (!(await fetch(url).catch(() => undefined))) await Bun.sleep(10);
  };
  await Promise.race([ready(), ended]);
}

if (import.meta.main) {
  await using fixture = await startServer({ "hello.txt": "hello from a container\n" });
  console.log(await (await fetch(`${fixture.url}hello.txt`)).text());
}
