/** A here-document of RUN, COPY or ADD, as in POSIX's shell ("Here-Document"). */
export type Heredoc = {
  /** The word that ends it; for COPY, the file's name. */
  name: string;
  /** `<<-`: tabs at the beginning of lines are left out. */
  chomp: boolean;
  /** Variables in it are expanded: its word has no quotes. */
  expand: boolean;
  content: string;
};

/** A word of a shell's line: `<<EOF`, `3<<-"EOF"`. */
const redirection = /^\d*<<(-?)([^<]+)$/;

/** Those that a line announces, their content still empty. */
export function findHeredocs(line: string): Heredoc[] {
  return shellWords(line).flatMap((word) => {
    const [, dash, quotedName] = redirection.exec(word) ?? [];
    if (quotedName === undefined) return [];
    const name = quotedName.replace(/\\(.)|["']/g, "$1");
    if (name === "") return [];
    return [{ name, chomp: dash === "-", expand: name === quotedName, content: "" }];
  });
}

/** The lines up to the one that is its word; undefined where there is none. */
export function readHeredoc(
  { name, chomp }: Heredoc,
  next: () => string | undefined,
): string | undefined {
  let content = "";
  for (let line = next(); line !== undefined; line = next()) {
    const text = chomp ? line.replace(/^\t+/, "") : line;
    if (text === name) return content;
    content += `${text}\n`;
  }
  return undefined;
}

/** The line without the redirections of its here-documents. */
export const withoutHeredocs = (line: string): string =>
  shellWords(line)
    .filter((word) => !redirection.test(word))
    .join(" ");

/** Words with their quotes: blanks in quotes separate nothing. */
export function shellWords(line: string): string[] {
  return line.match(/(?:\\[\s\S]|"(?:\\[\s\S]|[^"\\])*"|'[^']*'|[^\s])+/g) ?? [];
}
