/** Overlay directories by their kernel names (filesystems/overlayfs.rst). */
export const overlayPaths = (scratch: string) => ({
  upper: `${scratch}/upper`,
  work: `${scratch}/work`,
  merged: `${scratch}/merged`,
});
