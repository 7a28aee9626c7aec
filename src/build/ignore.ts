/** Says whether a path of the context (relative, no leading slash) is left out. */
export type Ignore = {
  ignores(path: string): boolean;
};

/**
 * The patterns of a .dockerignore (docs.docker.com/build/concepts/context, "dockerignore files"): Go's filepath.Match with
 * `**`, from the context's root; a pattern that matches a directory holds for all below; the last one that matches counts.
 */
export function parseIgnore(text: string): Ignore {
  const rules = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const inverse = line.startsWith("!");
      const pattern = clean(inverse ? line.slice(1).trim() : line);
      return { inverse, pattern, regex: new RegExp(`^${globSource(pattern)}$`, "s") };
    })
    .filter(({ pattern }) => pattern !== "");
  return {
    ignores(path) {
      const prefixes = path.split("/").map((_, i, parts) => parts.slice(0, i + 1).join("/"));
      let ignored = false;
      for (const { inverse, regex } of rules)
        if (inverse === ignored && prefixes.some((prefix) => regex.test(prefix)))
          ignored = !inverse;
      return ignored;
    },
  };
}

/** path.Clean, and no slash at the beginning. */
function clean(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

/** Go's filepath.Match, with `**` for any number of directories, as the source of a regular expression. */
export function globSource(pattern: string): string {
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === "*" && pattern[i + 1] === "*") {
      i++;
      if (pattern[i + 1] === "/") {
        i++;
        source += "(?:.*/)?";
      } else source += ".*";
    } else if (c === "*") source += "[^/]*";
    else if (c === "?") source += "[^/]";
    else if (c === "\\" && i + 1 < pattern.length) source += literal(pattern[++i]!);
    else if (c === "[") {
      const close = pattern.indexOf("]", i + 2);
      if (close < 0) source += "\\[";
      else {
        source += characterClass(pattern.slice(i + 1, close));
        i = close;
      }
    } else source += literal(c);
  }
  return source;
}

/** A class whose range is upside down matches nothing: Go calls it a bad pattern. */
function characterClass(inside: string): string {
  const negated = /^[!^]/.test(inside);
  const body = (negated ? inside.slice(1) : inside).replace(/[\\\]^[]/g, "\\$&");
  const source = `[${negated ? "^/" : ""}${body}]`;
  try {
    new RegExp(source);
    return source;
  } catch {
    return "(?!)";
  }
}

const literal = (c: string): string => c.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

export const hasGlob = (pattern: string): boolean => /[*?[]/.test(pattern);

export const ignoreNothing: Ignore = { ignores: () => false };
