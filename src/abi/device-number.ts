/**
 * A device's number as mknodat(2) takes it: 12 bits of major, 20 of minor, the minor's upper 12 above the major
 * (new_encode_dev() in linux/kdev_t.h). Undefined where the kernel has no room for them.
 */
export function deviceNumber(major: number, minor: number): number | undefined {
  if (major > 0xfff || minor > 0xfffff) return undefined;
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}
