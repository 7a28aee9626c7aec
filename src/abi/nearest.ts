/**
 * Up to `n` of `candidates` that `word` may have been meant to be, the likeliest first: those that it is the beginning of,
 * then those that differ in few letters (Levenshtein's distance), whatever the case. Empty where none is near.
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

const farness = (word: string, candidate: string): number =>
  word.length > 1 && candidate.startsWith(word) ? 0 : distance(word, candidate);

/** Insertions, deletions and substitutions from `a` to `b`, one row of the table at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
