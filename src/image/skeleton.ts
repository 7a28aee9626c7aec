import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Directories of a root file system (hier(7)), with their modes. */
const directories: Record<string, number> = {
  dev: 0o755,
  etc: 0o755,
  home: 0o755,
  mnt: 0o755,
  opt: 0o755,
  proc: 0o555,
  root: 0o700,
  run: 0o755,
  srv: 0o755,
  sys: 0o555,
  tmp: 0o1777,
  usr: 0o755,
  var: 0o755,
  "var/cache": 0o755,
  "var/lib": 0o755,
  "var/log": 0o755,
  "var/spool": 0o755,
  "var/tmp": 0o1777,
};

/** The least of /etc that programs count on. No password works: there is no shadow file, and "x" points to it. */
const files: Record<string, string> = {
  "etc/passwd": `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
mail:x:8:8:mail:/var/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
`,
  // tty is 5: devpts is mounted with gid=5.
  "etc/group": `root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
mail:x:8:
kmem:x:15:
www-data:x:33:
utmp:x:43:
staff:x:50:
users:x:100:
nogroup:x:65534:
`,
  "etc/profile": `export PATH="\${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
export PS1='\\u@\\h:\\w\\$ '
`,
  "etc/shells": "/bin/sh\n",
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n",
  // Mount points: the engine makes these three for each container.
  "etc/hosts": "",
  "etc/hostname": "",
  "etc/resolv.conf": "",
};

/** Makes the directories and the /etc of a root file system that brings only programs. */
export function writeSkeleton(rootfs: string): void {
  chmodSync(rootfs, 0o755);
  for (const [path, mode] of Object.entries(directories)) makeDirectory(`${rootfs}/${path}`, mode);
  for (const [path, text] of Object.entries(files)) makeFile(`${rootfs}/${path}`, text, 0o644);
  symlinkSync("/proc/self/mounts", `${rootfs}/etc/mtab`);
}

/** A directory and what is missing above it; the mode is exact, whatever the umask. */
export function makeDirectory(path: string, mode = 0o755): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
}

export function makeFile(path: string, content: string | Uint8Array, mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, mode);
}
