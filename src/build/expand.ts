/** Looks up a variable; undefined where it is not set. */
export type Lookup = (name: string) => string | undefined;

/**
 * Expands variables and takes quotes away, as BuildKit's shell lexer does for the instructions that no shell sees: `$x`,
 * `${x}`, `${x:-word}`, `${x:+word}`, `${x:?word}` and the three without the colon. Nothing is expanded in single quotes.
 *
 * @throws Error whose message says what is wrong with the word
 */
export function expand(word: string, lookup: Lookup, escape = "\\"): string {
  return new Expander(word, lookup, escape).read("");
}

/** The same for a here-document, where quotes are text. */
export function expandText(text: string, lookup: Lookup, escape = "\\"): string {
  return new Expander(text, lookup, escape, true).read("");
}

class Expander {
  readonly #text: string;
  readonly #lookup: Lookup;
  readonly #escape: string;
  readonly #quotesAreText: boolean;
  #at = 0;

  constructor(text: string, lookup: Lookup, escape: string, quotesAreText = false) {
    this.#text = text;
    this.#lookup = lookup;
    this.#escape = escape;
    this.#quotesAreText = quotesAreText;
  }

  /** Up to a character that ends it (not taken), or to the text's end. */
  read(until: string): string {
    let result = "";
    while (this.#at < this.#text.length) {
      const c = this.#text[this.#at]!;
      if (c === until) return result;
      this.#at++;
      if (c === "$") result += this.#variable();
      else if (c === this.#escape) result += this.#escaped();
      else if (c === "'" && !this.#quotesAreText) result += this.#until("'");
      else if (c === '"' && !this.#quotesAreText) result += this.#doubleQuoted();
      else result += c;
    }
    if (until !== "") throw new Error(`${JSON.stringify(this.#text)} lacks a ${until}`);
    return result;
  }

  #until(end: string): string {
    const close = this.#text.indexOf(end, this.#at);
    if (close < 0) throw new Error(`${JSON.stringify(this.#text)} lacks a closing ${end}`);
    const inside = this.#text.slice(this.#at, close);
    this.#at = close + 1;
    return inside;
  }

  #escaped(): string {
    const c = this.#text[this.#at];
    if (c === undefined) return this.#escape;
    if (this.#quotesAreText && c !== "$" && c !== this.#escape) return this.#escape;
    this.#at++;
    return c;
  }

  #doubleQuoted(): string {
    let result = "";
    for (;;) {
      const c = this.#text[this.#at++];
      if (c === undefined) throw new Error(`${JSON.stringify(this.#text)} lacks a closing "`);
      if (c === '"') return result;
      if (c === "$") result += this.#variable();
      else if (c === this.#escape && /["$\\`]/.test(this.#text[this.#at] ?? ""))
        result += this.#text[this.#at++];
      else result += c;
    }
  }

  #variable(): string {
    const plain = /^(?:[A-Za-z_]\w*|\d|[@*#?$!-])/.exec(this.#text.slice(this.#at));
    if (plain) {
      this.#at += plain[0].length;
      return this.#lookup(plain[0]) ?? "";
    }
    if (this.#text[this.#at] !== "{") return "$";
    this.#at++;
    const [name] = /^(?:\w+|[@*#?$!-])/.exec(this.#text.slice(this.#at)) ?? [];
    if (name === undefined) throw new Error(`there is no variable's name after \${`);
    this.#at += name.length;
    const [operator = ""] = /^(?:}|:?[-+?])/.exec(this.#text.slice(this.#at)) ?? [];
    this.#at += operator.length;
    if (operator === "}") return this.#lookup(name) ?? "";
    if (operator === "")
      throw new Error(`\${${name}${this.#text.slice(this.#at, this.#at + 2)}… is not understood`);
    const word = this.read("}");
    this.#at++;
    return this.#choose(name, operator, word);
  }

  #choose(name: string, operator: string, word: string): string {
    const value = this.#lookup(name);
    const set = operator.startsWith(":") ? Boolean(value) : value !== undefined;
    if (operator.endsWith("+")) return set ? word : "";
    if (set) return value!;
    if (operator.endsWith("-")) return word;
    throw new Error(`${name} is not set${word === "" ? "" : `: ${word}`}`);
  }
}
