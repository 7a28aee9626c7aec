/** A program that starts a box and leaves it in some way: `bun owner.ts exit|throw|worker|wait`. */
import { container } from "../../../src/index.ts";

const how = process.argv[2];
if (how === "worker") {
  const worker = new Worker(import.meta.url, { argv: ["wait"] });
  worker.onmessage = () => console.log("ready");
  process.stdin.on("data", () => worker.terminate());
} else {
  const box = await container("busybox", { network: "none" });
  box.spawn(["sleep", "1234"], { stdout: "ignore", stderr: "ignore" });
  await box.exec(["true"]);
  if (Bun.isMainThread) console.log("ready");
  else postMessage("ready");
  if (how === "exit") process.exit(0);
  if (how === "throw") throw new Error("a mistake of the caller's");
  if (how === "wait") await Bun.sleep(60_000);
}
