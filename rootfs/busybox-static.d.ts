/** The package's program as a file: with `{ type: "file" }` Bun gives its path. */
declare module "busybox-static/bin/busybox" {
  const path: string;
  export default path;
}
