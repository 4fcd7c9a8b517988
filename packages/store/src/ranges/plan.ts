/**
 * Which ranges to fetch for the targets of a `readInto`, and where their bytes go. Pure: it fetches nothing, and knows
 * nothing of the object but what it is told.
 */

import type { ReadTarget } from '../object-store.ts';

/** Bytes `start` to `end - 1`, to be fetched at once. */
export interface PlannedRange {
  readonly start: number;
  readonly end: number;
  /** what of the targets lies in the range, by start; they may overlap */
  readonly targets: readonly ReadTarget[];
}

export interface PlanOptions {
  /** bytes a range has at most */
  readonly rangeBytesMax: number;
  /** targets that are no further apart than this are fetched together. Bytes. */
  readonly gap: number;
  /** ranges are cut at multiples of this, where they have to be cut: the size of the object's parts. Bytes. */
  readonly align?: number | undefined;
}

/** @returns ranges that hold every byte of the targets, in order, without overlap; none for empty targets */
export function planRanges(
  targets: readonly ReadTarget[],
  { rangeBytesMax, gap, align }: PlanOptions,
): PlannedRange[] {
  const sorted = targets.filter(({ into }) => into.byteLength > 0).sort((a, b) => a.start - b.start);
  const step =
    align === undefined || align > rangeBytesMax ? rangeBytesMax : rangeBytesMax - (rangeBytesMax % align);
  const ranges: PlannedRange[] = [];
  for (let first = 0; first < sorted.length;) {
    let after = first;
    let end = 0;
    for (let next = sorted[first]; next !== undefined; next = sorted[++after]) {
      if (after > first && next.start > end + gap) break;
      end = Math.max(end, next.start + next.into.byteLength);
    }
    cutRun(sorted.slice(first, after), end, { step, aligned: align !== undefined }, ranges);
    first = after;
  }
  return ranges;
}

/** Cuts a run of near targets into ranges; what nobody wants at a range's ends is left out. */
function cutRun(
  run: readonly ReadTarget[],
  runEnd: number,
  { step, aligned }: { step: number; aligned: boolean },
  ranges: PlannedRange[],
): void {
  let first = 0;
  for (let start = run[0]?.start ?? runEnd; start < runEnd;) {
    const limit = aligned ? (Math.floor(start / step) + 1) * step : start + step;
    const within: ReadTarget[] = [];
    let end = start;
    let following = runEnd;
    for (let index = first; index < run.length; index++) {
      const target = run[index] as ReadTarget;
      if (target.start >= limit) {
        following = target.start;
        break;
      }
      const targetEnd = target.start + target.into.byteLength;
      if (targetEnd <= start) {
        if (index === first) first++;
        continue;
      }
      const part = partOf(target, start, limit);
      within.push(part);
      end = Math.max(end, part.start + part.into.byteLength);
    }
    ranges.push({ start, end, targets: within });
    start = end === limit ? nextWanted(run, first, limit, following) : following;
  }
}

/** The first byte from `position` on that a target wants. */
function nextWanted(run: readonly ReadTarget[], first: number, position: number, following: number): number {
  for (let index = first; index < run.length; index++) {
    const { start, into } = run[index] as ReadTarget;
    if (start >= position) break;
    if (start + into.byteLength > position) return position;
  }
  return following;
}

function partOf({ start, into }: ReadTarget, from: number, to: number): ReadTarget {
  const begin = Math.max(start, from);
  const end = Math.min(start + into.byteLength, to);
  if (begin === start && end - begin === into.byteLength) return { start, into };
  return { start: begin, into: into.subarray(begin - start, end - start) };
}

/** Puts the bytes of a range where they belong, as they come. */
export class RangeWriter {
  readonly #range: PlannedRange;
  #position: number;
  /** targets before it have all their bytes */
  #first = 0;

  constructor(range: PlannedRange) {
    this.#range = range;
    this.#position = range.start;
  }

  /** bytes that have not come yet */
  get missing(): number {
    return this.#range.end - this.#position;
  }

  /** @returns whether the bytes were within the range; nothing is written if not */
  write(chunk: Uint8Array): boolean {
    const { targets, end } = this.#range;
    const from = this.#position;
    const to = from + chunk.byteLength;
    if (to > end) return false;
    this.#position = to;
    for (let index = this.#first; index < targets.length; index++) {
      const { start, into } = targets[index] as ReadTarget;
      if (start >= to) break;
      const targetEnd = start + into.byteLength;
      if (start <= from && targetEnd >= to) {
        into.set(chunk, from - start);
      } else if (targetEnd > from) {
        const begin = Math.max(from, start);
        into.set(chunk.subarray(begin - from, Math.min(to, targetEnd) - from), begin - start);
      }
      if (targetEnd <= to && index === this.#first) this.#first++;
    }
    return true;
  }
}

const MIB = 1024 * 1024;

/**
 * The size of the parts that an object was likely uploaded in: powers of two first, as most clients choose them, else whole
 * MiB. Bytes. A wrong guess costs nothing but ranges across parts.
 *
 * @param parts how many there were
 */
export function guessPartSize(size: number, parts: number): number | undefined {
  if (parts < 2) return undefined;
  const smallest = Math.ceil(size / parts / MIB);
  const power = 2 ** Math.ceil(Math.log2(smallest));
  return [power * MIB, smallest * MIB].find((partSize) => Math.ceil(size / partSize) === parts);
}
