import { capabilities } from "../abi/capability.ts";
import { shellWords } from "./shell-words.ts";
import type { Struct } from "./signatures.ts";

/** setpriv(1) names capabilities without their prefix. */
const bare = (name: unknown): string => String(name).replace(/^CAP_/, "").toLowerCase();

/** setpriv(1) for prctl(2). */
export function setprivCommand(option: string, arg2: unknown, arg3: unknown): string | undefined {
  switch (option) {
    case "PR_CAPBSET_DROP":
      return `setpriv --bounding-set=-${bare(arg2)}`;
    case "PR_CAP_AMBIENT":
      return `setpriv --ambient-caps=+${bare(arg3)}`;
    case "PR_SET_NO_NEW_PRIVS":
      return "setpriv --no-new-privs";
    case "PR_SET_PDEATHSIG":
      return `setpriv --pdeathsig=${String(arg2).replace(/^SIG/, "")}`;
    default:
      return undefined;
  }
}

/** struct rlimit64 as prlimit(1) takes it: `soft:hard`. */
export function limits(value: Struct | null): string {
  if (!value) return "";
  const words = new BigUint64Array(value.bytes.slice().buffer);
  return [...words].map((n) => (n === 2n ** 64n - 1n ? "unlimited" : String(n))).join(":");
}

/** capset's sets in the words of cap_from_text(3); they are laid out as two halves of effective, permitted, inheritable. */
export function capabilityText(data: Struct | null): string {
  if (!data) return "=";
  const halves = new Uint32Array(data.bytes.slice().buffer);
  const sets = ["e", "p", "i"].map((letter, set) => ({
    letter,
    has: (i: number) => ((halves[set + 3 * (i >> 5)] ?? 0) >>> (i & 31)) & 1,
  }));
  const byLetters = new Map<string, string[]>();
  capabilities.forEach((name, i) => {
    const letters = sets.map(({ letter, has }) => (has(i) ? letter : "")).join("");
    if (letters) byLetters.set(letters, [...(byLetters.get(letters) ?? []), name.toLowerCase()]);
  });
  const clauses = [...byLetters].map(([letters, names]) => `${names.join(",")}=${letters}`);
  return shellWords(clauses.join(" ") || "=");
}
