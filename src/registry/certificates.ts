import { rootCertificates } from "node:tls";
import { invalid } from "../abi/error.ts";
import { tryList, tryReadText } from "../linux/files.ts";

const directories = ["/etc/docker/certs.d", "/etc/containers/certs.d"];

export type Certificates = {
  /** Authorities that vouch for the host, with the usual ones. */
  ca?: string[];
  /** What we show to it, and its key. */
  cert?: string;
  key?: string;
};

/**
 * What one host has besides the usual authorities (docker's certs.d): `*.crt` are authorities, `NAME.cert` with `NAME.key` is
 * a client's certificate.
 *
 * @throws KontenerError `INVALID` for one without the other
 */
export function certificatesFor(host: string): Certificates {
  const files = directories.flatMap((directory) =>
    tryList(`${directory}/${host}`).map((name) => `${directory}/${host}/${name}`),
  );
  const own = files
    .filter((file) => file.endsWith(".crt"))
    .flatMap((file) => tryReadText(file) ?? []);
  const client = files.find((file) => /\.(cert|key)$/.test(file));
  return {
    ...(own.length > 0 && { ca: [...own, ...rootCertificates] }),
    ...(client !== undefined && clientCertificate(client.replace(/\.(cert|key)$/, ""))),
  };
}

function clientCertificate(name: string): { cert: string; key: string } {
  const [cert, key] = [tryReadText(`${name}.cert`), tryReadText(`${name}.key`)];
  if (cert !== undefined && key !== undefined) return { cert, key };
  const [missing, there] = cert === undefined ? [".cert", ".key"] : [".key", ".cert"];
  throw invalid(
    `${name}${there} has no ${name}${missing} beside it, or one that cannot be read`,
    "a client's certificate is two files, NAME.cert and NAME.key; authorities are *.crt",
  );
}
