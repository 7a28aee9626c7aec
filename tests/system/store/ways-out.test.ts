import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { snapshot } from "../image-snapshot.ts";
import { describeAsRoot, Engine } from "../support.ts";
import { shell } from "./images.ts";

const base = mkdtempSync("/var/tmp/kontener-store-");
afterAll(() => rm(base, { recursive: true, force: true }), 120_000);

const make = String.raw`
umoci init --layout img; umoci new --image img:a
mkdir -p 1/etc 2/etc; echo one > 1/etc/file; ln 1/etc/file 1/link; echo two > 2/etc/file; touch 2/etc/.wh.gone
for i in 1 2; do tar -C $i -cf $i.tar .; umoci raw add-layer --image img:a $i.tar; done
umoci config --image img:a --config.cmd /bin/tool
`;

describeAsRoot("images go out", () => {
  const engine = new Engine(183);
  const other = new Engine(184);
  const k = async (...args: string[]) => await engine.run(args);
  let manifest = "";

  beforeAll(async () => {
    await shell(make, base);
    manifest = (await shell("skopeo inspect --format '{{.Digest}}' oci:img:a", base)).trim();
    await k("load", "-i", `${base}/img`);
    await k("tag", "a", "host.example/b:v2");
  }, 60_000);

  test.each(["oci-archive", "docker-archive"])(
    "an %s is what skopeo reads, with the same manifest",
    async (format) => {
      const file = `${base}/${format}.tar`;
      expect(await k("save", "--format", format, "-o", file, "a")).toMatchObject({ exitCode: 0 });
      const read = await shell(`skopeo inspect --format '{{.Digest}}' oci-archive:${file}`, base);
      expect(read.trim()).toBe(manifest);
      if (format === "docker-archive")
        await shell(`skopeo copy -q --insecure-policy docker-archive:${file} dir:read`, base);
    },
  );

  test("podman loads it, and it has the same id", async () => {
    await k("save", "-o", `${base}/podman.tar`, "a", "host.example/b:v2");
    const podman = "podman --root $PWD/pod --runroot $PWD/podrun --storage-driver vfs";
    await shell(`${podman} load -q -i podman.tar`, base);
    const list = await shell(
      `${podman} images --no-trunc --format '{{.ID}} {{.Repository}}'`,
      base,
    );
    const id = (await k("image", "inspect", "--format", "{{.Id}}", "a")).stdout.trim();
    expect(list).toContain(`${id} docker.io/library/a`);
    expect(list).toContain(`${id} host.example/b`);
  });

  test("a second kontener loads several images of one archive, each under its name", async () => {
    await k("import", `${base}/1`, "third:1");
    await k("save", "-o", `${base}/three.tar`, "a", "host.example/b:v2", "third:1");
    const { stdout } = await other.run(["load", "-i", `${base}/three.tar`]);
    expect(stdout.split("\n").filter(Boolean).toSorted()).toEqual([
      "Loaded image: a:latest",
      "Loaded image: host.example/b:v2",
      "Loaded image: third:1",
    ]);
    const digest = ["image", "inspect", "--format", "{{.Id}} {{.Manifest}}", "third:1"];
    expect((await other.run(digest)).stdout).toBe((await k(...digest)).stdout);
  });

  test("the same images give the same archive; a directory's layout is read by umoci", async () => {
    await k("save", "-o", `${base}/again-1.tar`, "a");
    await k("save", "-o", `${base}/again-2.tar`, "a");
    expect(readFileSync(`${base}/again-1.tar`)).toEqual(readFileSync(`${base}/again-2.tar`));
    await k("save", "--format", "oci-dir", "-o", `${base}/layout`, "host.example/b:v2");
    const tags = await shell("umoci ls --layout layout", base);
    expect(tags).toBe("host.example/b:v2\n");
  });

  test("what cannot be written is one sentence, and leaves nothing", async () => {
    const { stderr, exitCode } = await k("save", "-o", `${base}/no/such.tar`, "a");
    expect(exitCode).toBe(1);
    expect(stderr).toStartWith(`kontener: cannot write ${base}/no/such.tar: ENOENT`);
  });
});

describeAsRoot("a container's root file system", () => {
  const engine = new Engine(185);

  test("is exported as the container sees it, while it runs, and imported again", async () => {
    const script =
      "echo new > /etc/new; rm /bin/ls; rm -r /home; mkdir /home; ln /etc/new /etc/same; chown 5:6 /etc/new; sleep 1000";
    await engine.run([
      "run",
      "-d",
      "--name",
      "box",
      "--network",
      "none",
      "busybox",
      "sh",
      "-c",
      script,
    ]);
    await engine.run(["exec", "box", "sh", "-c", "until test -e /etc/same; do :; done; sleep 0.2"]);
    const exported = await engine.run(["export", "-o", `${base}/box.tar`, "box"]);
    expect(exported).toEqual({ stdout: "", stderr: "", exitCode: 0 });
    await shell("mkdir box; tar -xpf box.tar --numeric-owner --xattrs -C box", base);
    const listed = await engine.run(["exec", "box", "find", "/", "-xdev"]);
    const outside = (path: string) => /^\/(dev|proc|sys)(\/|$)/.test(path) || path === "/";
    const inside = listed.stdout.split("\n").filter((path) => path && !outside(path));
    const unpacked = (await shell("cd box; find . -mindepth 1", base)).split("\n").filter(Boolean);
    const ours = unpacked.map((path) => path.slice(1)).filter((path) => !outside(path));
    expect(ours.toSorted()).toEqual(inside.toSorted());
    expect(ours).not.toContain("/bin/ls");
    await engine.run(["rm", "-f", "box"]);

    await engine.run(["import", `${base}/box.tar`, "back"]);
    const layer = (await shell("ls -d l/*/", `${engine.env["KONTENER_LIB"]}/store`)).trim();
    const stored = `${engine.env["KONTENER_LIB"]}/store/${layer.slice(0, -1)}`;
    expect(snapshot(stored).slice(1)).toEqual(snapshot(`${base}/box`).slice(1));
    const { stdout } = await engine.run(["run", "--network", "none", "back", "cat", "/etc/same"]);
    expect(stdout).toBe("new\n");
  });

  test("an archive that was cut off is not imported", async () => {
    await shell("head -c 10240 box.tar > cut.tar; : > empty.tar", base);
    for (const file of ["cut.tar", "empty.tar"]) {
      const { stderr, exitCode } = await engine.run(["import", `${base}/${file}`, "cut"]);
      expect(exitCode).toBe(125);
      expect(stderr).toContain("cut short");
    }
    expect((await engine.run(["images", "-q", "cut"])).stdout).toBe("");
  });
});
