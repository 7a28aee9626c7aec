import { expect, test } from "bun:test";
import { SyscallError } from "../../../src/abi/error.ts";
import { advise, hintFor } from "../../../src/engine/advice.ts";
import { remedies } from "../../../src/engine/remedies.ts";

const root = { uid: 0, bounding: ["CAP_SYS_ADMIN"] };
const user = { uid: 1000, bounding: [] };
const weakRoot = { uid: 0, bounding: [] };

test.each([
  ["unshare", "EPERM", "CLONE_NEWNS", user, remedies.root],
  ["mount", "EPERM", '"proc", "/proc", "proc"', weakRoot, remedies.capability("CAP_SYS_ADMIN")],
  ["unshare", "ENOSPC", "CLONE_NEWNET|CLONE_NEWPID", root, remedies.namespaces("net", "pid")],
  ["unshare", "ENOSPC", "CLONE_NEWPID", root, remedies.namespaces("pid")],
  ["mount", "ENODEV", '"overlay", "/m", "overlay"', root, remedies.overlay],
  ["mount", "EINVAL", '"overlay", "/m", "overlay"', root, remedies.upper],
  ["write", "ENOSPC", "3, 512", root, remedies.disk],
  ["mkdirat", "EDQUOT", '"/x"', root, remedies.disk],
  ["openat", "EMFILE", '"/x"', root, remedies.descriptors],
  ["fork", "EAGAIN", "", root, remedies.processes],
  ["fork", "ENOMEM", "", root, remedies.memory],
  ["seccomp", "EINVAL", "SECCOMP_SET_MODE_FILTER", root, remedies.seccomp],
  ["close_range", "ENOSYS", "3, 4294967295", root, remedies.kernel],
])("%s: %s (%s) is answered with what mends it", (call, errno, args, host, hint) => {
  expect(hintFor(call, errno, args, host)).toBe(hint);
});

test("a full mount namespace is not taken for a full disk", () => {
  expect(hintFor("mount", "ENOSPC", "", root)).toContain("fs.mount-max");
});

test("where the call says all there is to say there is no advice", () => {
  expect(hintFor("move_mount", "ENOTDIR", '"/etc/passwd"', root)).toBeUndefined();
  expect(hintFor("mount", "EPERM", "", root)).toBeUndefined();
});

test("a failed call gets the advice, and keeps what it says and its own hint", () => {
  const fields = { call: "unshare", args: "CLONE_NEWNET", errno: 28, step: "make namespaces" };
  const bare = new SyscallError(fields);
  const advised = advise(bare, root) as SyscallError;
  expect(advised.message).toBe("make namespaces: unshare(CLONE_NEWNET): ENOSPC");
  expect(advised.hint).toBe(remedies.namespaces("net"));
  const own = new SyscallError({ ...fields, hint: "its own" });
  expect(advise(own, root)).toBe(own);
  const other = new Error("no call");
  expect(advise(other, root)).toBe(other);
});
