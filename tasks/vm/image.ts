import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { $ as shell } from "zx";
import { cache, checkout, guests, type Arch } from "./guest.ts";

const $ = shell({ quiet: true }); // an error has the output in its message

/** What the guest has besides a minimal Debian: what the system tests call. */
const packages =
  `bash procps iproute2 iptables nftables iputils-ping util-linux mount kmod busybox-static
  ca-certificates tar xz-utils zstd`.split(/\s+/);

/** Another architecture's packages are only unpacked, so that nothing pulls in what every Debian has. */
const base =
  `base-files base-passwd coreutils dash debianutils diffutils findutils gawk grep gzip hostname libc-bin
  login passwd sed`.split(/\s+/);

/** What the initrd needs to find the disks: modules in Debian's cloud kernels. */
const modules = ["virtio_pci", "virtio_blk", "ext4"];

const hostPackages = [
  "mmdebstrap",
  "e2fsprogs",
  "kmod",
  "cpio",
  "xz-utils",
  "debian-archive-keyring",
];

const initrdScript = `${checkout}/tests/vm/guest/initrd`;

/** The directory with `root.img`, `vmlinuz` and `initrd`: made at the first use, and when what it is made of changes. */
export async function guestImage(arch: Arch): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256").update(Bun.version);
  for (const file of [import.meta.path, initrdScript]) hash.update(readFileSync(file));
  const name = `${arch}-${hash.digest("hex").slice(0, 12)}`;
  const done = `${cache}/${name}`;
  if (existsSync(done)) return done;

  console.error(`vm: building the ${arch} guest in ${done} (about a minute, once)`);
  await installHostPackages(arch);
  mkdirSync(cache, { recursive: true });
  const work = (await $`mktemp -d ${cache}/build.XXXXXX`).stdout.trim();
  try {
    await buildRoot(arch, work);
    await buildInitrd(work);
    await $`mke2fs -q -t ext4 -O ^has_journal -d ${work}/root ${work}/out/root.img 4G`; // a sparse file
    if (!existsSync(done)) renameSync(`${work}/out`, done); // unless another one was faster
    for (const old of readdirSync(cache))
      if (old.startsWith(`${arch}-`) && old !== name)
        rmSync(`${cache}/${old}`, { recursive: true }); // a guest that runs now keeps its open
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return done;
}

async function installHostPackages(arch: Arch): Promise<void> {
  const wanted = [guests[arch].qemuPackage, ...hostPackages];
  if ((await $`dpkg -s ${wanted}`.nothrow()).exitCode === 0) return;
  await $`apt-get update -qq`;
  await $`DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends ${wanted}`;
}

/** The guest's files in `work/root`, its kernel in `work/out/vmlinuz`. */
async function buildRoot(arch: Arch, work: string): Promise<void> {
  const { debian } = guests[arch];
  const root = `${work}/root`;
  await writeAptSetup(work);
  const native = (await $`dpkg --print-architecture`).stdout.trim() === debian;
  const variant = native
    ? ["--variant=minbase", `--include=${packages.join(",")}`]
    : [
        "--variant=extract", // its maintainer scripts cannot run here
        "--setup-hook=/usr/share/mmdebstrap/hooks/merged-usr/setup00.sh",
        `--include=${[...packages, ...base].join(",")}`,
      ];
  // The kernel is only unpacked: installed, it would pull in an initramfs builder.
  const kernelHook = `set -e; cd ${work}; export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
    kernel=$(apt-cache depends linux-image-cloud-${debian} | awk '$1 == "Depends:" { print $2; exit }')
    apt-get download -qq "$kernel"; dpkg-deb -x "$kernel"_*.deb kernel`;
  const suite = (await $`. /etc/os-release; echo $VERSION_CODENAME`).stdout.trim();
  await $`mmdebstrap -q --architectures=${debian} --aptopt=${work}/apt.conf ${variant} --extract-hook=${kernelHook} ${suite} ${root} ${work}/sources`;

  const version = (await $`ls ${work}/kernel/lib/modules`).stdout.trim();
  await $`mkdir -p ${work}/out ${root}/src ${root}/root ${root}/tmp ${root}/usr/local/bin
    cp -a ${work}/kernel/lib/modules ${root}/lib/
    depmod -b ${root} ${version}
    cp ${work}/kernel/boot/vmlinuz-${version} ${work}/out/vmlinuz
    echo vm > ${root}/etc/hostname
    echo '127.0.0.1 localhost vm' > ${root}/etc/hosts`;
  if (!native) await configureUnpacked(root);
  await $`install -m 755 ${await guestBun(arch, work)} ${root}/usr/local/bin/bun`;
}

/** The archives that apt on this machine is set up with, for any architecture and through the same proxies. */
async function writeAptSetup(work: string): Promise<void> {
  const format =
    "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(RELEASE) $(COMPONENT)";
  await $`apt-get update -qq
    apt-get indextargets --format ${format} 'Created-By: Packages' 'Origin: Debian' | sort -u > ${work}/sources
    { apt-config dump | grep -E '^Acquire::(https?|Check)' || true; echo 'Acquire::Languages "none";'; } > ${work}/apt.conf`;
}

/** What the maintainer scripts would have done, as far as the tests need it. */
const configureUnpacked = (root: string) => $`
  for file in passwd group; do cp ${root}/usr/share/base-passwd/$file.master ${root}/etc/$file; done
  for name in iptables iptables-save iptables-restore ip6tables; do
    ln -sf xtables-nft-multi ${root}/usr/sbin/$name
  done
  ln -sf gawk ${root}/usr/bin/awk`;

/** This Bun where the architecture is the same, else npm's build of the same version. */
async function guestBun(arch: Arch, work: string): Promise<string> {
  const { nodeArch, bun } = guests[arch];
  if (nodeArch === process.arch) return process.execPath;
  await $({ cwd: work })`npm pack --silent ${bun}@${Bun.version} && tar -xzf oven-bun-*.tgz`;
  return `${work}/package/bin/bun`;
}

/** busybox, the modules in the order in which they are loaded, and the script that mounts the root. */
async function buildInitrd(work: string): Promise<void> {
  const root = `${work}/root`;
  const initrd = `${work}/initrd`;
  const version = (await $`ls ${root}/lib/modules`).stdout.trim();
  await $`mkdir -p ${initrd}/bin ${initrd}/modules ${initrd}/proc ${initrd}/dev ${initrd}/root
    cp ${root}/bin/busybox ${initrd}/bin/
    ln -s busybox ${initrd}/bin/sh
    cp ${initrdScript} ${initrd}/init`;
  const shown = await Promise.all(
    modules.map((m) => $`modprobe -d ${root} -S ${version} --show-depends ${m}`),
  );
  const files = new Set(
    shown.flatMap(({ stdout }) =>
      [...stdout.matchAll(/^insmod (\S+)/gm)].map((match) => match[1]!),
    ),
  );
  for (const file of files) {
    const name = file.replace(/^.*\//, "").replace(/\.xz$/, "");
    await $`xz -dcf ${file} > ${initrd}/modules/${name}
      echo ${name} >> ${initrd}/modules/list`; // with -f, what is not compressed is copied
  }
  await $`cd ${initrd} && find . | cpio -o -H newc --quiet | gzip -1 > ${work}/out/initrd`;
}
