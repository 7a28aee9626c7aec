import type { ByteString } from "../image/byte-string.ts";

/** image-spec layer.md, "Whiteouts": what a name of an archive says about the layers below it. */
export type Mark = { type: "whiteout" | "opaque" | "nothing"; path: ByteString };

/** `.wh.NAME` hides NAME, `.wh..wh..opq` all of its directory; other names of aufs's own mean nothing any more. */
export function markOf(path: ByteString): Mark | undefined {
  const trimmed = path.replace(/\/+$/, "");
  const cut = trimmed.lastIndexOf("/") + 1;
  const name = trimmed.slice(cut);
  if (!name.startsWith(".wh.")) return undefined;
  const directory = trimmed.slice(0, Math.max(cut - 1, 0));
  if (name === ".wh..wh..opq") return { type: "opaque", path: directory };
  if (name.startsWith(".wh..wh.")) return { type: "nothing", path: trimmed };
  const hidden = name.slice(".wh.".length);
  if (hidden === "" || hidden === "." || hidden === "..") return { type: "nothing", path: trimmed };
  return { type: "whiteout", path: directory === "" ? hidden : `${directory}/${hidden}` };
}
