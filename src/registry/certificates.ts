import { rootCertificates } from "node:tls";
import { tryList, tryReadText } from "../linux/files.ts";

const directories = ["/etc/docker/certs.d", "/etc/containers/certs.d"];

/** Authorities that vouch for one host besides the usual ones (docker's certs.d). Empty where there are none. */
export function certificatesFor(host: string): string[] {
  const own = directories.flatMap((directory) =>
    tryList(`${directory}/${host}`)
      .filter((name) => name.endsWith(".crt"))
      .flatMap((name) => tryReadText(`${directory}/${host}/${name}`) ?? []),
  );
  return own.length > 0 ? [...own, ...rootCertificates] : [];
}
