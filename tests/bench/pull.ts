/**
 * Pull and unpack of an image of ten layers, 200 MB, from a registry on loopback: against skopeo with umoci, and podman. Each
 * starts with nothing of it, in turn.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { compare, type Timed } from "./measure.ts";

const [place = "", roundsText = "0"] = process.argv.slice(2);
const rounds = Number(roundsText) || 5;
const directory = `${place}/pull`;
const PORT = 5123;
const name = `127.0.0.1:${PORT}/bench:1`;
const cli = `${import.meta.dir}/../../src/cli/main.ts`;

async function shell(script: string): Promise<void> {
  const child = Bun.spawn(["bash", "-euc", script], {
    cwd: directory,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, KONTENER_LIB: `${directory}/ours` },
  });
  const complaints = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`${script}: ${complaints}`);
}

/** Half of it compresses as programs do, half does not compress; 300 small files in each layer. */
const makeImage = String.raw`
umoci init --layout img; umoci new --image img:1
for i in {0..9}; do
  mkdir -p $i/$i; head -c 10M /dev/urandom > $i/$i/noise
  head -c 5M /dev/urandom | od -An -tx1 | head -c 10M > $i/$i/text
  for f in {1..300}; do echo $f > $i/$i/$f; done
  tar -C $i -cf $i.tar .; umoci raw add-layer --image img:1 $i.tar; rm -r $i $i.tar
done
skopeo copy -q --insecure-policy --dest-tls-verify=false oci:img:1 docker://${name}
`;

/**
 * What the last round has left is moved, and removed when all is over: an ext4 without a journal looks a long time for an inode
 * that was not freed lately, which would be two thirds of what is measured.
 */
const aside = (...names: string[]): string =>
  `mkdir -p aside; for name in ${names.join(" ")}; do [ ! -e $name ] || mv $name aside/$name-$(date +%s%N); done`;

const candidates = [
  {
    name: "kontener pull",
    tool: "bun",
    fresh: aside("ours"),
    pull: `${process.execPath} ${cli} pull -q ${name}`,
  },
  {
    name: "skopeo copy, umoci unpack",
    tool: "umoci",
    fresh: aside("theirs", "bundle"),
    pull: `skopeo copy -q --insecure-policy --src-tls-verify=false docker://${name} oci:theirs:1; umoci unpack --image theirs:1 bundle`,
  },
  {
    name: "podman pull",
    tool: "podman",
    fresh: aside("pod", "podrun"),
    pull: `podman --root $PWD/pod --runroot $PWD/podrun pull -q --tls-verify=false ${name}`,
  },
];

mkdirSync(directory, { recursive: true });
writeFileSync(
  `${directory}/registry.yml`,
  `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${directory}/registry}}\nhttp: {addr: "127.0.0.1:${PORT}"}\n`,
);
const registry = Bun.spawn(["docker-registry", "serve", `${directory}/registry.yml`], {
  stdio: ["ignore", "ignore", "ignore"],
});
try {
  await Bun.sleep(500);
  await shell(makeImage);
  const installed = candidates.filter(({ tool }) => Bun.which(tool));
  const timed = installed.map(({ name: who, fresh, pull }): Timed => ({
    name: who,
    async time() {
      await shell(`${fresh}; sync`);
      const start = performance.now();
      await shell(pull);
      return performance.now() - start;
    },
  }));
  const figures = await compare(timed, rounds);
  const ours = figures[0]!.median;
  console.log(
    "| pull and unpack, 200 MB, 10 layers | median, s | kontener: × |\n| --- | --- | --- |",
  );
  for (const { name: who, median } of figures)
    console.log(`| ${who} | ${(median / 1000).toFixed(2)} | ${(ours / median).toFixed(2)} |`);
} finally {
  registry.kill();
  await registry.exited;
  rmSync(directory, { recursive: true, force: true });
}
