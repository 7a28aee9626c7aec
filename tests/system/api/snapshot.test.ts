import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { imageFor } from "../../../src/api/image.ts";
import { whileFrozen } from "../../../src/api/snapshot.ts";
import { isFrozen } from "../../../src/cgroup/freeze.ts";
import { readLayout } from "../../../src/cgroup/host.ts";
import { cgroupPath } from "../../../src/engine/remove.ts";
import { container } from "../../../src/index.ts";
import { start as startContainer, discard } from "../../../src/api/start.ts";
import { holdUp } from "../../bench/loop.ts";
import { describeAsRoot, expectAsBefore, hostPicture } from "../support.ts";
import { useEngine } from "./library.ts";

describeAsRoot("forks and snapshots", () => {
  const engine = useEngine(49);
  const start = (options = {}) => container("busybox", { network: "none", ...options });

  test("a fork begins with the same files, removals and modes included, and then goes its own way", async () => {
    const before = hostPicture(engine);
    {
      await using box = await start({ env: { X: "1" } });
      await box.$`mkdir -p /work/deep && echo one > /work/deep/file && chmod 700 /work && ln -s file /work/deep/link && rm /etc/group && rm -r /usr/sbin && mkdir /usr/sbin && touch /usr/sbin/own && chown 5:6 /work/deep/file`;
      await using fork = await box.fork();
      expect(fork.id).not.toBe(box.id);
      const look = `cat /work/deep/link; stat -c '%a %u:%g' /work /work/deep/file; ls /etc/group /usr/sbin; echo $X`;
      const [a, b] = await Promise.all(
        [box, fork].map((one) => one.exec(["sh", "-c", `${look} 2>/dev/null`])),
      );
      expect(b!.stdout).toBe(a!.stdout);
      expect(b!.stdout).toBe("one\n700 0:0\n644 5:6\n/usr/sbin:\nown\n1\n");
      await fork.$`echo two > /work/deep/file; touch /only-fork`;
      await box.$`echo three >> /work/deep/file`;
      expect(await box.$`cat /work/deep/file; ls /`.text()).not.toContain("only-fork");
      expect(await box.$`cat /work/deep/file`.text()).toBe("one\nthree\n");
      expect(await fork.$`cat /work/deep/file`.text()).toBe("two\n");
      await using again = await fork.fork();
      await fork.close();
      expect(await again.$`cat /work/deep/file; ls /only-fork`.text()).toBe("two\n/only-fork\n");
    }
    await expectAsBefore(engine, before);
  });

  test("what runs in a box stands still while it is forked, and goes on", async () => {
    await using box = await start();
    const writer = box.spawn(
      ["sh", "-c", "i=0; while :; do i=$((i+1)); echo $i >> /a; echo $i >> /b; done"],
      { stdout: "ignore", stderr: "ignore" },
    );
    await Bun.sleep(100);
    await using fork = await box.fork();
    const [a, b] = [await fork.readFile("/a", "utf8"), await fork.readFile("/b", "utf8")];
    expect(b.length).toBeGreaterThan(0);
    expect(a.split("\n").length - b.split("\n").length).toBeOneOf([0, 1]);
    const first = await box.readFile("/b", "utf8");
    await Bun.sleep(50);
    expect(await box.readFile("/b", "utf8")).not.toBe(first);
    await writer.kill();
  });

  test("a box stands still until the last of those who copy it is done", async () => {
    const idle = { stdio: ["ignore", "ignore", "ignore"], idle: true } as const;
    const image = await imageFor("busybox", {});
    const box = await startContainer({ image: "busybox", network: "none" }, image, idle);
    try {
      const frozen = () => isFrozen(readLayout(), cgroupPath(box.record.id));
      const events: string[] = [];
      const copy = (name: string) => async () => {
        events.push(`${name} ${frozen()}`);
        await Bun.sleep(30);
        events.push(`${name} ${frozen()}`);
        if (name === "b") throw new Error("a copy that fails");
      };
      await Promise.allSettled(["a", "b", "c"].map((name) => whileFrozen(box, copy(name))));
      expect(events).toEqual(["a true", "a true", "b true", "b true", "c true", "c true"]);
      expect(frozen()).toBe(false);
    } finally {
      await discard(box);
    }
  });

  test("large files and many small ones are copied in pieces", async () => {
    await using box = await start({ memory: "1G" });
    await box.$`dd if=/dev/urandom of=/big bs=1M count=60 2>&1; mkdir /many; i=0; while [ $i -lt 2000 ]; do echo $i > /many/$i; i=$((i+1)); done`;
    const { busiest } = await holdUp(1, async () => {
      await using fork = await box.fork();
      expect(await fork.$`ls /many | wc -l; cat /big | md5sum`.text()).toBe(
        await box.$`ls /many | wc -l; cat /big | md5sum`.text(),
      );
    });
    expect(busiest).toBeLessThan(30); // milliseconds of processor time; in one piece all of it
  });

  test("a commit is an image like any other, with the configuration of its own", async () => {
    await using box = await start();
    await box.$`echo kept > /etc/kept && rm /etc/group && mkdir -m 1777 /shared && ln -s /etc/kept /link`;
    await box.commit("mine");
    await box.$`echo later > /etc/kept`;
    await using copy = await container("mine", { network: "none" });
    const { stdout } = await copy.$`cat /link; stat -c %a /shared; ls /etc/group 2>&1`.nothrow();
    expect(stdout).toStartWith("kept\n1777\nls: /etc/group: No such file");
    await expect(box.commit("mine")).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(box.commit("busybox")).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(box.commit("../mine")).rejects.toMatchObject({ code: "INVALID" });
    await box.close();
    await expect(box.commit("other")).rejects.toMatchObject({ code: "ENDED" });
    const { stdout: images } = await engine.run(["images"]);
    expect(images).toContain("mine");
    rmSync(`${engine.directory}/lib/images/mine`, { recursive: true });
  });

  test("the command line commits a box as any container: to a layer over those of its image", async () => {
    await using box = await start();
    await box.$`echo kept > /kept`;
    const { stderr, exitCode } = await engine.run(["commit", box.name, "layered:1"]);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(await box.$`cat /kept`.text()).toBe("kept\n"); // it goes on
    await using copy = await container("layered:1", { network: "none" });
    expect(await copy.$`cat /kept`.text()).toBe("kept\n");
    const layers = ["image", "inspect", "-f", "{{len .RootFS.Layers}}", "layered:1"];
    expect((await engine.run(layers)).stdout).toBe("2\n");
  });

  test("a box with a user namespace: forks and commits have the numbers that it saw itself", async () => {
    await using box = await container("busybox", { network: "none", userns: "auto" });
    await box.exec(["sh", "-c", "echo mine > /mine && chown 7:8 /mine && rm /etc/group"]);
    await using fork = await box.fork();
    await box.commit("owned");
    await using other = await container("owned", { network: "none" });
    for (const copy of [fork, other]) {
      const script = "stat -c %u:%g / /mine /bin/busybox; cat /mine; ls /etc/group 2>/dev/null";
      const { stdout } = await copy.exec(["sh", "-c", script]);
      expect(stdout).toBe("0:0\n7:8\n0:0\nmine\n");
    }
  });

  test("links that the box has made lead a commit and a fork nowhere", async () => {
    await using box = await start();
    await box.$`ln -s / /work; mkdir -p /x; ln -s /etc /x/etc; mknod /null c 1 3`;
    await using fork = await box.fork();
    expect(await fork.$`readlink /work; readlink /x/etc`.text()).toBe("/\n/etc\n");
    await box.commit("links");
    const command = ["run", "--network", "none", "links", "readlink", "/work"];
    const { stdout, stderr } = await engine.run(command);
    expect([stdout, stderr]).toEqual(["/\n", ""]);
  });
});
