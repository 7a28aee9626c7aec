/**
 * Up to `n` of `candidates` that `word` may have been meant to be, the likeliest first: those that differ in few letters
 * or in two that changed places (`sl` for `ls`), and those that it is the beginning of, whatever the case. Empty where
 * none is near.
 */
export function nearest(word: string, candidates: Iterable<string>, n = 3): string[] {
  const wanted = word.toLowerCase();
  const limit = Math.max(2, wanted.length / 3);
  return [...candidates]
    .map((candidate) => ({ candidate, far: farness(wanted, candidate.toLowerCase()) }))
    .filter(({ far }) => far <= limit)
    .toSorted((a, b) => a.far - b.far)
    .slice(0, n)
    .map(({ candidate }) => candidate);
}

// Both are likelier slips than a letter more, less or else.
const [BEGINNING, EXCHANGE] = [0.9, 0.75];

const farness = (word: string, candidate: string): number =>
  word.length > 1 && candidate.startsWith(word) ? BEGINNING : distance(word, candidate);

/**
 * Insertions, deletions, substitutions and exchanges of neighbours from `a` to `b` (optimal string alignment), one row of
 * the table at a time.
 */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const exchanged =
        a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + EXCHANGE : Infinity;
      next.push(Math.min(substituted, exchanged, row[j]! + 1, next[j - 1]! + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
