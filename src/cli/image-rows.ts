import type { ImageListing } from "../image/store.ts";
import { splitReference } from "../image/stored.ts";
import { familiarName } from "../oci/reference.ts";
import { sizeOf } from "../store/describe.ts";
import type { ListedImage } from "../store/records.ts";
import { duration } from "./ago.ts";
import type { Row } from "./listing.ts";
import { printable } from "./printable.ts";
import { decimalSize } from "./size.ts";

export const imageTitles = {
  Repository: "REPOSITORY",
  Tag: "TAG",
  Digest: "DIGEST",
  ID: "IMAGE ID",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  Size: "SIZE",
  Source: "SOURCE",
};

export const shortId = (id: string): string => id.slice("sha256:".length, "sha256:".length + 12);

const since = (created: string | undefined): string => {
  const time = Date.parse(created ?? "");
  return Number.isNaN(time) ? "N/A" : `${duration(Date.now() - time)} ago`;
};

/** A row for each name of an image of the store, or one for an image without. */
export function storedRows({ image, references }: ListedImage, whole: boolean): Row[] {
  const split = references.map((reference) => splitReference(familiarName(reference)));
  const tags = split.filter(({ label }) => label.startsWith(":"));
  const digests = split.filter(({ label }) => label.startsWith("@"));
  const names =
    tags.length > 0 ? tags : [{ repository: digests[0]?.repository ?? "<none>", label: ":<none>" }];
  return names.map(({ repository, label }) => ({
    Repository: repository,
    Tag: label.slice(1),
    Digest: digests.find((other) => other.repository === repository)?.label.slice(1) ?? "<none>",
    ID: whole ? image.id : shortId(image.id),
    CreatedSince: since(image.created),
    CreatedAt: image.created ?? "",
    Size: decimalSize(sizeOf(image)),
    Source: "",
  }));
}

/** A root file system that was prepared under a plain name, or will be at its first use. */
export function preparedRow({ name, source, created, problem }: ImageListing): Row {
  return {
    Repository: name,
    Tag: problem === undefined ? "" : "broken",
    Digest: "<none>",
    ID: "",
    CreatedSince: created === undefined ? "at first use" : since(created),
    CreatedAt: created ?? "",
    Size: "",
    Source: printable(problem ?? source ?? "built in"),
  };
}
