/**
 * @module The keys of a bucket that has grown, and how those of the measured objects lie between them.
 */

export interface GrownLayout {
  bucket: string;
  count: number;
  /** of objects below one prefix */
  perPrefix: number;
  /** of the object of that rank in the order of listing, from 0 */
  key: (rank: number) => string;
  /** of another object, somewhere between them: neighbours in `index` are far apart */
  between: (set: number, index: number) => string;
}

// Shares no factor with any number of keys that has only 2, 3 and 5 in it.
const STEP = 7_919_317;

/** At least ten prefixes, and as many objects below each of them in every bucket from 1,000 objects on. */
export function grownLayout(count: number): GrownLayout {
  const perPrefix = Math.max(1, Math.min(100, Math.floor(count / 10)));
  const key = (rank: number) => `${pad(Math.floor(rank / perPrefix))}/object-${pad(rank % perPrefix)}`;
  return {
    bucket: 'cistern-bench-grown',
    count,
    perPrefix,
    key,
    between: (set, index) => `${key(spread(index, count))}-measured-${set}-${index}`,
  };
}

/** A rank far from that of `index - 1`; every rank comes once before one comes again. */
export function spread(index: number, count: number): number {
  return (index * STEP) % count;
}

function pad(value: number): string {
  return String(value).padStart(7, '0');
}
