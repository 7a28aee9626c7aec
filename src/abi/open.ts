/** openat(2), fcntl.h. Four values differ between the architectures; the plan uses them by name. */
export const openFlags = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_CLOEXEC: 0o2000000,
  O_PATH: 0o10000000,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
} as const;
export type OpenFlag = keyof typeof openFlags;

/** arm64 swaps these with O_DIRECT and O_LARGEFILE (arch/arm64/include/uapi/asm/fcntl.h). */
export const openFlagsArm64 = { ...openFlags, O_DIRECTORY: 0o40000, O_NOFOLLOW: 0o100000 } as const;

/** "Relative to the working directory", for the …at() calls. */
export const AT_FDCWD = -100;
