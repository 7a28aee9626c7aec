import { invalid } from "../abi/error.ts";

/** Where an image is, whole: nothing is left to defaults (distribution-spec, "Pulling manifests"). */
export type Reference = {
  /** A host, maybe with a port: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  registry: string;
  /** Below it: `library/alpine`. */
  repository: string;
  tag?: string;
  /** `sha256:…`; where there is one it decides, and the tag is a remark. */
  digest?: string;
};

const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const host = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`);
const below = new RegExp(
  `^(${component}(?:/${component})*)(?::(\\w[\\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
);
const DOCKER_HUB = "docker.io";

/** distribution's reference package, "NameTotalLengthMax". */
const LONGEST = 255;

/**
 * A reference as docker reads it: the first part is a host where it looks like one, else it is Docker Hub's; there
 * `alpine` is `library/alpine`. Without a digest the tag is `latest` (distribution's reference package, normalize.go).
 *
 * @throws KontenerError `INVALID`
 */
export function parseReference(text: string): Reference {
  const cut = text.indexOf("/");
  const head = cut < 0 ? "" : text.slice(0, cut);
  const named = head === "localhost" || /[.:A-Z]/.test(head);
  const registry = !named || head === "index.docker.io" ? DOCKER_HUB : head;
  const [, path, tag, digest] = below.exec(named ? text.slice(cut + 1) : text) ?? [];
  if (path === undefined || !host.test(registry)) throw notAReference(text);
  if (/^[0-9a-f]{64}$/.test(text)) throw invalid(`${JSON.stringify(text)} is an id, not a name`);
  const official = registry === DOCKER_HUB && !path.includes("/");
  const repository = official ? `library/${path}` : path;
  if (registry.length + 1 + repository.length > LONGEST)
    throw invalid(`the image's name ${JSON.stringify(path)} is longer than ${LONGEST} characters`);
  if (digest === undefined) return { registry, repository, tag: tag ?? "latest" };
  return { registry, repository, ...(tag === undefined ? {} : { tag }), digest };
}

const notAReference = (text: string): Error =>
  invalid(
    `${JSON.stringify(text)} is not an image's name`,
    "it looks like alpine, alpine:3.22, ghcr.io/owner/name:tag or name@sha256:HEX, in small letters",
  );

/** Whole, as the store keeps it: `docker.io/library/alpine:latest`. */
export const formatReference = ({ registry, repository, tag, digest }: Reference): string =>
  `${registry}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`;

/** A name with all that docker lets its users leave out. @throws KontenerError `INVALID` */
export const wholeName = (text: string): string => formatReference(parseReference(text));

/** As people write it: without docker's defaults for host and namespace. */
export const familiarName = (whole: string): string =>
  whole.replace(/^docker\.io\/(?:library\/(?=[^/]*$))?/, "");
