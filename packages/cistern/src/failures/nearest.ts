/** The name that was probably meant. */

/**
 * @returns the one of `names` with the fewest letters different, if that is one of them, or at most two in five; of several equally
 *   near ones the first
 */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  let found: string | undefined;
  let least = Math.max(1, Math.floor(name.length * 0.4)) + 1;
  for (const one of names) {
    const distance = editDistance(name, one, least);
    if (distance < least) [found, least] = [one, distance];
  }
  return found;
}

/** Insertions, deletions, exchanges of letters and swaps of neighbours; any number from `limit` on stands for more. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      next.push(cost);
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? limit;
}
