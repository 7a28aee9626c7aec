import { afterAll, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { decompress } from "../../src/image/compression.ts";
import { prepareImage } from "../../src/image/prepare.ts";
import { unpack } from "../../src/image/unpack.ts";
import { archive } from "../unit/image/tar-builder.ts";
import { snapshot } from "./image-snapshot.ts";
import { describeAsRoot, root } from "./support.ts";

// Not below /tmp, which may be a tmpfs that takes no user attributes.
const base = mkdtempSync("/var/tmp/kontener-image-");
afterAll(() => rm(base, { recursive: true, force: true }), 120_000);
let number = 0;
const fresh = (): string => {
  const path = `${base}/${number++}`;
  mkdirSync(path);
  return path;
};

async function shell(script: string, cwd = base): Promise<void> {
  const child = Bun.spawn(["bash", "-euc", script], { cwd, stdio: ["ignore", "ignore", "pipe"] });
  const complaints = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`${script}: ${complaints}`);
}

/** Unpacks with GNU tar and with ours. */
async function both(path: string): Promise<{ theirs: string; ours: string; said: string[] }> {
  const [theirs, ours, said]: [string, string, string[]] = [fresh(), fresh(), []];
  await shell(`tar -xpf ${path} --numeric-owner --xattrs --xattrs-include='*' -C ${theirs}`);
  await unpack(decompress(path), ours, (line) => said.push(line));
  return { theirs, ours, said };
}

/** One of everything. */
const makeTree = String.raw`
mkdir -p dir/sub setgid sticky
echo text > dir/file; echo owned > owned; chown 1234:2345 owned
echo suid > suid; chmod 4755 suid; chgrp 42 setgid; chmod 2775 setgid; chmod 1777 sticky
chmod 000 dir/file; ln dir/file hard; ln -s /bin/busybox absolute; ln -s ../../dir/sub up
ln -s "$(printf 'x%.0s' {1..300})" long-target; chown -h 7:8 up; touch -h -d @1000000000.5 up
touch "$(printf 'n%.0s' {1..200})" $'not\xffutf8' 'Főtanúsítvány' $'new\nline' 'back\slash'
mkdir -p "$(printf 'deep/%.0s' {1..60})"; touch "$(printf 'deep/%.0s' {1..60})file"
mkfifo pipe; mknod null c 1 3; mknod disk b 259 70000; chmod 666 null
truncate -s 2M sparse; echo start | dd of=sparse conv=notrunc status=none
echo middle | dd of=sparse bs=1M seek=1 conv=notrunc status=none
truncate -s 1M hole; dd if=/dev/urandom of=big bs=1M count=2 status=none; touch empty
for i in {0..49}; do echo $i | dd of=holes bs=16K seek=$((3 * i)) conv=notrunc status=none; done
ln hole hole-again; touch -d @-12345.25 old; touch -d @1700000000.123456789 precise
chmod 500 dir/sub; touch -d @1234567890.987654321 dir dir/sub .
`;

const formats = ["v7", "ustar", "gnu", "oldgnu", "posix"] as const;

describeAsRoot("what is unpacked is what GNU tar makes of it", () => {
  const tree = `${base}/tree`;
  const make = async () => {
    if (statSync(tree, { throwIfNoEntry: false })) return;
    mkdirSync(tree);
    await shell(makeTree, tree);
  };

  test.each(formats)("%s", async (format) => {
    await make();
    const path = `${base}/${format}.tar`;
    // Old formats have no room for some of it: tar leaves that out, and says so with its status.
    await shell(`tar -cf ${path} --format=${format} -C ${tree} . || [ $? = 2 ]`);
    const { theirs, ours, said } = await both(path);
    expect(snapshot(ours)).toEqual(snapshot(theirs));
    expect(said).toEqual([]);
    if (format === "posix") expect(snapshot(ours)).toEqual(snapshot(tree));
  });

  test.each([
    "--format=gnu --sparse",
    "--format=posix --sparse --sparse-version=1.0",
    "--format=posix --sparse --sparse-version=0.1",
  ])("sparse files: %s", async (flags) => {
    await make();
    const path = `${base}/sparse.tar`;
    await shell(`tar -cf ${path} ${flags} -C ${tree} .`);
    const { theirs, ours } = await both(path);
    expect(snapshot(ours)).toEqual(snapshot(theirs));
    for (const name of ["sparse", "holes", "hole"]) {
      const { blocks, size } = statSync(`${ours}/${name}`);
      expect(512 * blocks).toBeLessThan(size / 2);
    }
  });

  test("extended attributes and file capabilities", async () => {
    // cap_setuid=ep: a byte of it is 0x80, which is not UTF-8.
    const capability = Buffer.from("0100000280000000000000000000000000000000", "hex");
    const pax = {
      "SCHILY.xattr.security.capability": capability,
      "SCHILY.xattr.user.empty": "",
      "SCHILY.xattr.user.name": "value",
      "SCHILY.xattr.trusted.some": Buffer.from([0, 255, 10, 61]),
    };
    const path = `${base}/xattrs.tar`;
    const bytes = archive(
      { name: "./", type: "5" },
      { name: "d/", type: "5", pax },
      { name: "d/newuidmap", mode: 0o755, uid: 3, content: "x", pax },
      { name: "d/link", type: "2", linkname: "x", pax: { "SCHILY.xattr.trusted.link": "y" } },
    );
    writeFileSync(path, bytes);
    const { theirs, ours, said } = await both(path);
    expect(snapshot(ours)).toEqual(snapshot(theirs));
    expect(snapshot(ours).join("\n")).toContain(
      `security.capability=${capability.toString("hex")}`,
    );
    expect(said).toEqual([]);
  });

  test.each(["gzip", "zstd", "xz"])("compressed with %s", async (program) => {
    if (!Bun.which(program)) return console.error(`${program} is not here: not tested`);
    await make();
    await shell(`tar -cf ${base}/${program}.tar --use-compress-program=${program} -C ${tree} .`);
    const { theirs, ours } = await both(`${base}/${program}.tar`);
    expect(snapshot(ours)).toEqual(snapshot(theirs));
  });

  test("a directory is copied as it is", async () => {
    await make();
    const paths = { lib: fresh(), run: fresh() };
    const { image } = await prepareImage({ name: "tree", from: tree }, paths);
    expect(snapshot(image.layers[0]!)).toEqual(snapshot(tree));
    expect(statSync(`${image.layers[0]}/sparse`).blocks).toBeLessThan(1000);
  });

  test("a directory is copied without what is mounted below it", () => {
    const [lib, from] = [fresh(), fresh()];
    mkdirSync(`${from}/mounted`);
    const mount = `mount -t tmpfs tmpfs ${from}/mounted && touch ${from}/mounted/file && "$@"`;
    const said = prepareUnder(["unshare", "--mount", "sh", "-c", mount, "sh"], lib, from);
    expect(said).toBe("done\n");
    expect(readdirSync(`${lib}/lib/images/mine/rootfs/mounted`)).toEqual([]);
  });

  test("a Debian of the real world", async () => {
    const path = `${base}/debian.tar`;
    const packages = "coreutils,passwd,ca-certificates";
    const command = `mmdebstrap --variant=extract --include=${packages} bookworm ${path}`;
    const made = Bun.which("mmdebstrap") ? await shell(command).catch(String) : "no mmdebstrap";
    if (made) return console.error(`Debian's archive is not tested: ${made.split("\n")[0]}`);
    let start = performance.now();
    const theirs = fresh();
    await shell(`tar -xpf ${path} --numeric-owner --xattrs --xattrs-include='*' -C ${theirs}`);
    const tar = performance.now() - start;
    const paths = { lib: fresh(), run: fresh() };
    start = performance.now();
    const { image } = await prepareImage({ name: "debian", from: path }, paths);
    const own = performance.now() - start;
    expect(snapshot(image.layers[0]!)).toEqual(snapshot(theirs));
    console.log(
      `unpacked ${statSync(path).size >> 20} MB: tar ${tar | 0} ms, prepare ${own | 0} ms`,
    );
  }, 120_000);
});

/** Prepares the image `mine` of `from` in a process of its own, started by `wrapper`, and gives what it says. */
function prepareUnder(wrapper: string[], lib: string, from: string): string {
  const module = JSON.stringify(`${root}src/image/prepare.ts`);
  const script = `
    import { prepareImage } from ${module};
    const [lib, from] = process.argv.slice(1);
    const paths = { lib, run: lib };
    await prepareImage({ name: "mine", from, say: console.log }, paths).then(
      () => console.log("done"),
      (error) => console.log(error.message, error.hint),
    );
  `;
  const bun = [process.execPath, "-e", script, `${lib}/lib`, from];
  return Bun.spawnSync([...wrapper, ...bun]).stdout.toString();
}

describeAsRoot("what cannot be done is told in words", () => {
  test("on a full disk, where nothing is left", () => {
    const lib = fresh();
    const path = `${base}/large.tar`;
    writeFileSync(path, archive({ name: "large", content: Buffer.alloc(8 << 20, "x") }));
    // A mount that ends with the process, in a mount namespace of its own.
    const small = `mount -t tmpfs -o size=2m tmpfs ${lib} && "$@"; ls -A ${lib}/lib/images`;
    const said = prepareUnder(["unshare", "--mount", "sh", "-c", small, "sh"], lib, path);
    expect(said.split("\n").slice(0, 1).join()).toStartWith(
      `the disk is full: no room for the image mine in ${lib}/lib`,
    );
    expect(said.split("\n").slice(1)).toEqual([".lock-mine", ""]);
  });

  test("without the right to make devices, which are left out", () => {
    const [lib, path] = [fresh(), `${base}/devices.tar`];
    const device = { type: "3", major: 1, minor: 3 };
    const bytes = archive(
      { name: "null", ...device },
      { name: "zero", ...device, minor: 5 },
      { name: "file", content: "" },
    );
    writeFileSync(path, bytes);
    const said = prepareUnder(["setpriv", "--bounding-set=-mknod"], lib, path);
    expect(said).toBe("device nodes are left out: mknod is not permitted here\ndone\n");
    expect(readdirSync(`${lib}/lib/images/mine/rootfs`)).toEqual(["file"]);
  });

  test("without root, where files cannot be given away, and not written to another's store", () => {
    const nobody = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"];
    const needed = [`${root}src/image/prepare.ts`, process.execPath];
    if (!needed.every((path) => Bun.spawnSync([...nobody, "test", "-r", path]).success))
      return console.error(`other users cannot read ${root}: not tested without root`);
    const [lib, path] = [fresh(), `${base}/owned.tar`];
    writeFileSync(path, archive({ name: "a", uid: 7 }, { name: "b", uid: 8, content: "x" }));
    chmodSync(base, 0o755);
    expect(prepareUnder(nobody, lib, path)).toMatch(/^cannot write to .*EACCES.* sudo/);
    chownSync(lib, 12345, 12345);
    expect(prepareUnder(nobody, lib, path)).toBe(
      "owners are not kept: only root may give files away\ndone\n",
    );
  });
});
