/** Where kontener keeps things. Tests and several engines on one host set the two variables. */
export type Paths = {
  /** What outlives a reboot: images, kept containers. `KONTENER_LIB`, default /var/lib/kontener. */
  lib: string;
  /** What does not: records of running containers, leases, locks. `KONTENER_RUN`, default /run/kontener. */
  run: string;
};

export const paths = (env: Record<string, string | undefined> = process.env): Paths => ({
  lib: env["KONTENER_LIB"] || "/var/lib/kontener",
  run: env["KONTENER_RUN"] || "/run/kontener",
});
