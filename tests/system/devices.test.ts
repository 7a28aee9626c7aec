import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { readLayout } from "../../src/cgroup/host.ts";
import { homeOf } from "../../src/cgroup/layout.ts";
import { groupDirectories } from "../../src/cgroup/processes.ts";
import { shell } from "./store/images.ts";
import { describeAsRoot, Engine } from "./support.ts";

describeAsRoot("a device of the host", () => {
  const engine = new Engine(163);
  const sh = (...args: string[]) =>
    engine.run([
      "run",
      "--network",
      "none",
      ...args.slice(0, -1),
      "busybox",
      "sh",
      "-c",
      args.at(-1) ?? "",
    ]);
  /** That of FUSE, which may be opened without a capability, and is in no container's list. */
  const node = (name: string) =>
    shell(
      `mkdir -p nodes/deep; rm -f ${name}; mknod -m 640 ${name} c 10 229; chown 5:6 ${name}`,
      engine.directory,
    );
  const read = "dd if=/dev/one of=/dev/null bs=1 count=0";

  test("can be opened with --device, and not without, whoever makes the node", async () => {
    await node("nodes/fuse");
    const source = `${engine.directory}/nodes/fuse`;
    const made = await sh(`mknod /dev/one c 10 229 && ${read}`);
    expect(made.exitCode).not.toBe(0);
    expect(made.stderr).toContain("Operation not permitted");
    const script = `stat -c '%t:%T %a %u:%g' /dev/one; ${read}`;
    const given = await sh("--device", `${source}:/dev/one`, script);
    expect(given).toMatchObject({ exitCode: 0, stdout: "a:e5 640 5:6\n" });
    const byRule = await sh(
      "--device-cgroup-rule",
      "c 10:229 r",
      `mknod /dev/one c 10 229 && ${read}`,
    );
    expect(byRule.exitCode).toBe(0);
  });

  test("is read or written only as far as its letters say", async () => {
    await node("nodes/fuse");
    const device = `${engine.directory}/nodes/fuse:/dev/one:r`;
    expect((await sh("--device", device, read)).exitCode).toBe(0);
    const write = await sh("--device", device, "dd if=/dev/null of=/dev/one bs=1 count=0");
    expect(write.stderr).toContain("Operation not permitted");
  });

  test("may be a whole directory of them, below a directory of its own", async () => {
    await node("nodes/deep/one");
    await node("nodes/fuse");
    const { stdout } = await sh(
      "--device",
      `${engine.directory}/nodes:/dev/own/here`,
      "cd /dev/own/here; ls fuse deep/one; dd if=deep/one of=/dev/null bs=1 count=0",
    );
    expect(stdout).toBe("deep/one\nfuse\n");
  });

  test("that is not there, or none, is a sentence, and no container is left", async () => {
    const missing = await sh("--device", "/dev/nothing-here", "true");
    expect(missing).toMatchObject({ exitCode: 125, stdout: "" });
    expect(missing.stderr).toContain("--device: there is no /dev/nothing-here");
    const file = await sh("--device", "/etc/passwd:/dev/x", "true");
    expect(file.stderr).toContain("--device: /etc/passwd is not a device");
    expect((await engine.run(["ps", "-aq"])).stdout).toBe("");
  });

  test("--group-add takes names of the image's and numbers", async () => {
    const { stdout } = await sh("--group-add", "4242", "id -G | tr ' ' '\\n' | grep 4242");
    expect(stdout).toBe("4242\n");
    const odd = await sh("--group-add", "nobodys-group", "true");
    expect(odd.stderr).toContain("group “nobodys-group” is not in the image's /etc/group");
  });

  test("--shm-size is the size of /dev/shm", async () => {
    const { stdout } = await sh("--shm-size", "3m", "df -k /dev/shm | tail -1");
    expect(stdout).toMatch(/\s3072\s/);
  });

  test("--oom-score-adj and --domainname are the command's, not the host's", async () => {
    const host = readFileSync("/proc/sys/kernel/domainname", "utf8");
    const script = "cat /proc/self/oom_score_adj /proc/sys/kernel/domainname";
    const flags = ["--oom-score-adj", "345", "--domainname", "example.org"];
    expect((await sh(...flags, script)).stdout).toBe("345\nexample.org\n");
    const wrong = await sh("--domainname", "x", "--uts", "host", script);
    expect([wrong.exitCode, wrong.stderr]).toEqual([125, expect.stringContaining("--uts host")]);
    expect(readFileSync("/proc/sys/kernel/domainname", "utf8")).toBe(host);
  });

  test("--cpu-shares and --memory-reservation reach the kernel", async () => {
    const flags = ["--cpu-shares", "512", "--memory-reservation", "20m", "--network", "none"];
    const { stdout } = await engine.run(["run", "-d", "--rm", ...flags, "busybox", "sleep", "60"]);
    const layout = readLayout();
    const value = (controller: "cpu" | "memory", v1: string, v2: string) => {
      const home = homeOf(layout, controller)!;
      const file = home === layout.unified ? v2 : v1;
      const directory = groupDirectories(layout, `/kontener/${stdout.trim()}`).find((path) =>
        path.startsWith(`${home.mount}/`),
      );
      return readFileSync(`${directory}/${file}`, "utf8").trim();
    };
    expect(value("cpu", "cpu.shares", "cpu.weight")).toMatch(/^(512|20)$/);
    expect(value("memory", "memory.soft_limit_in_bytes", "memory.low")).toBe("20971520");
    await engine.run(["rm", "-f", stdout.trim()]);
  });
});
