import { KontenerError } from "../abi/error.ts";
import type { ImageConfig } from "../image/image.ts";
import type { ImageFile } from "../oci/image-spec.ts";

const isText = (value: unknown): boolean => typeof value === "string";
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isTextMap = (value: unknown): boolean =>
  isObject(value) && Object.values(value as object).every(isText);

const isNatural = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
const isHealthcheck = (value: unknown): boolean =>
  isObject(value) &&
  Object.entries(value as object).every(([name, given]) =>
    name === "Test" ? given === null || isTexts(given) : isNatural(given),
  );

const fields: Record<keyof ImageConfig, (value: unknown) => boolean> = {
  User: isText,
  ExposedPorts: isObject,
  Env: isTexts,
  Entrypoint: isTexts,
  Cmd: isTexts,
  Volumes: isObject,
  WorkingDir: isText,
  Labels: isTextMap,
  StopSignal: isText,
  Healthcheck: isHealthcheck,
  Shell: isTexts,
  OnBuild: isTexts,
};

/**
 * What a container inherits of an image's config, each field of the type that the specification says; null, which Go's
 * writers use for "nothing", is left out.
 *
 * @throws KontenerError `IMAGE`
 */
export function configOf(image: ImageFile): ImageConfig {
  const config: unknown = image.config ?? {};
  if (!isObject(config)) throw wrong("config");
  const given = Object.entries(config as object).filter(([, value]) => value !== null);
  const known = given.filter(([name]) => Object.hasOwn(fields, name));
  for (const [name, value] of known)
    if (!fields[name as keyof ImageConfig](value)) throw wrong(`config.${name}`);
  return Object.fromEntries(known) as ImageConfig;
}

const wrong = (field: string): KontenerError =>
  new KontenerError(`the image's config has something else in ${field} than the OCI's does`, {
    code: "IMAGE",
    hint: "image-spec config.md says what belongs there",
  });
