import { invalid } from "../abi/error.ts";

const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const host =
  "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?";
const reference = new RegExp(
  `^(?:(${host})/)?(${component}(?:/${component})*)(?::([\\w][\\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
);

/**
 * A reference with all that docker lets its users leave out: `alpine` is `docker.io/library/alpine:latest`. With a digest the
 * tag does not count. (distribution's reference package, "familiar names".)
 *
 * @throws KontenerError `INVALID`
 */
export function wholeName(text: string): string {
  const match = reference.exec(text);
  const repository = match && withHost(match[1], match[2]!);
  if (!repository || repository.length > 255)
    throw invalid(
      `${JSON.stringify(text)} is not an image's name`,
      "it looks like alpine, alpine:3.22, ghcr.io/owner/name:tag or name@sha256:HEX, in small letters",
    );
  const [, , , tag, digest] = match;
  return digest === undefined ? `${repository}:${tag ?? "latest"}` : `${repository}@${digest}`;
}

/** The first part is a host only where it looks like one. */
function withHost(host: string | undefined, path: string): string | undefined {
  if (host === undefined) return `docker.io/${path.includes("/") ? path : `library/${path}`}`;
  if (host === "docker.io" || host === "index.docker.io")
    return `docker.io/${path.includes("/") ? path : `library/${path}`}`;
  if (/[.:A-Z]/.test(host) || host === "localhost") return `${host}/${path}`;
  const whole = `${host}/${path}`;
  return new RegExp(`^${component}(?:/${component})*$`).test(whole)
    ? `docker.io/${whole}`
    : undefined;
}

/** As people write it: without docker's defaults. */
export const familiarName = (whole: string): string =>
  whole.replace(/^docker\.io\/(?:library\/)?/, "");
