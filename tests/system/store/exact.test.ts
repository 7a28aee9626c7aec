import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { snapshot } from "../image-snapshot.ts";
import { describeAsRoot } from "../support.ts";
import { pullLayout, shell, snapshotOf } from "./images.ts";

const base = mkdtempSync("/var/tmp/kontener-store-");
afterAll(() => rm(base, { recursive: true, force: true }), 120_000);

/**
 * Five layers: one of everything; whiteouts, an opaque directory and a directory that becomes a file; entries without their
 * directories, one of them below a link of the first layer; a hard link to a file of the first; marks and
 * a directory that becomes a file in a layer that has to be unpacked over the others.
 */
const makeImage = String.raw`
umoci init --layout img; umoci new --image img:a
mkdir -p 1/{bin,etc,usr/lib,d/sub,opq/deep,change,dd,locked}; echo hi > 1/etc/motd; echo x > 1/d/sub/f; echo y > 1/d/g
ln 1/d/g 1/dd/hard; ln -s usr/lib 1/lib; echo q > 1/opq/old; echo r > 1/opq/deep/old; echo f > 1/change/f
cp /bin/true 1/bin/tool; cp /bin/true 1/bin/suid; setcap cap_net_raw+ep 1/bin/tool; chmod 4755 1/bin/suid
chmod 1777 1/d; chown 12:34 1/d; chmod 500 1/locked; mkfifo 1/pipe; mknod 1/null c 1 3; truncate -s 3M 1/sparse
setfattr -n user.x -v y 1/etc/motd; touch "1/$(printf 'n%.0s' {1..200})" $'1/not\xffutf8'
ln -s "$(printf 'x%.0s' {1..300})" 1/long; mkdir 1/usr/lib/inner; chown 5:6 1/usr/lib; chmod 711 1/usr/lib
find 1 -exec touch -h -d @1234567.25 {} +
tar -C 1 --format=posix --xattrs --xattrs-include='*' -cf 1.tar .
mkdir -p 2/{opq,d}; touch 2/opq/{.wh..wh..opq,new} 2/d/{.wh.g,.wh.sub}; echo file > 2/change; echo z > 2/d/new
tar -C 2 -cf 2.tar opq/.wh..wh..opq opq/new d/.wh.g d/.wh.sub d/new change
mkdir -p 3/{change,lib}; echo dir again > 3/change/h; echo so > 3/lib/so
tar -C 3 -cf 3.tar change lib/so
python3 - <<'END'
import tarfile
archive = tarfile.open("4.tar", "w")
entry = tarfile.TarInfo("etc/motd2")
entry.type, entry.linkname = tarfile.LNKTYPE, "etc/motd"
archive.addfile(entry)
archive.close()
END
mkdir -p 5/opq 5/d 5/usr/lib/inner; touch 5/opq/{.wh..wh..opq,last} 5/d/.wh.new; echo x > 5/usr/lib/inner/x; echo y > 5/change
tar -C 5 -cf 5.tar opq/last opq/.wh..wh..opq d/.wh.new usr/lib/inner/x change
for i in 1 2 3 4 5; do umoci raw add-layer --image img:a $i.tar; done
umoci unpack --image img:a bundle
`;

/** Times and owner of the root itself are the upper directory's in a container; those of directories without an entry differ
 * between umoci (restored) and containerd (changed): here they are restored. */
const below = (lines: string[]): string[] => lines.slice(1);

/** Two layers as buildah commits them: what an upper directory holds after ordinary work on a tree of this machine's. */
const makeWithBuildah = String.raw`
B="buildah --root $PWD/pod --runroot $PWD/podrun --storage-driver overlay"
P="podman --root $PWD/pod --runroot $PWD/podrun --storage-driver overlay"
c=$($B from scratch); m=$($B mount $c)
mkdir -p $m/usr $m/var/log $m/opt/old/deep; cp -a /usr/share/perl5 /usr/share/terminfo $m/usr/
cp /bin/true $m/usr/tool; setcap cap_net_raw,cap_setuid+ep $m/usr/tool; chmod 6755 $m/usr/tool; touch $m/opt/old/deep/file
ln $m/usr/tool $m/opt/tool; mknod $m/opt/null c 1 3; ln -s ../usr $m/opt/link; chmod 1777 $m/var/log; chown -R 33:44 $m/var
$B commit -q $c one > /dev/null; $B rm $c > /dev/null
c=$($B from one); m=$($B mount $c)
rm -r $m/opt/old $m/usr/terminfo; mkdir $m/usr/terminfo; echo anew > $m/usr/terminfo/x; rm -r $m/usr/perl5/Debconf
echo file > $m/opt/old; rm $m/opt/link; mkdir $m/opt/link; chmod 700 $m/var/log; mv $m/usr/tool $m/usr/moved
$B commit -q $c two > /dev/null; $B push -q two oci:buildah:two; $P image mount two
`;

describeAsRoot("an image in the store", () => {
  test("is what umoci makes of it, file by file", async () => {
    await shell(makeImage, base);
    const paths = { lib: `${base}/lib`, run: `${base}/run` };
    const said: string[] = [];
    const image = await pullLayout(`${base}/img`, paths, { say: (line) => said.push(line) });
    expect(said).toEqual([]);
    expect(below(await snapshotOf(image, paths))).toEqual(below(snapshot(`${base}/bundle/rootfs`)));
    expect(readdirSync(`${paths.lib}/store/l`).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("is what podman mounts of an image that buildah made", async () => {
    const mounted = (await shell(makeWithBuildah, base)).trim();
    try {
      const paths = { lib: `${base}/lib-buildah`, run: `${base}/run` };
      const image = await pullLayout(`${base}/buildah`, paths);
      expect(image.layers).toHaveLength(2);
      const ours = await snapshotOf(image, paths);
      expect(ours.length).toBeGreaterThan(100);
      expect(below(ours)).toEqual(below(snapshot(mounted)));
    } finally {
      await shell(
        "podman --root $PWD/pod --runroot $PWD/podrun --storage-driver overlay image umount --all; umount -l pod/overlay || true",
        base,
      );
    }
  });
});
