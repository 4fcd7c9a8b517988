/** @module What the objects of a soak hold: slices of one pool, told apart by where they begin, compared without copies. */

import { seededBytes } from '../faults/seeded.ts';

const MIB = 1024 * 1024;

/** The largest object, and room for other beginnings. Bytes. */
export const SIZE_MAX = 64 * MIB;
const POOL = seededBytes('soak', SIZE_MAX + MIB);

/** Bytes of an object, in the order of its pieces: appends and parts add some. */
export type Content = readonly Buffer[];

export type Pick = (below: number) => number;

/** Inline ones and files, with both sides of the limit between them. Bytes. */
const SMALL = [0, 1, 100, 1000, 4096, 4096, 20_000, 65_535, 65_536, 65_537];

export type SizeClass = 'small' | 'medium' | 'large';

export function pickSize(pick: Pick, size: SizeClass): number {
  if (size === 'small') return pick(3) === 0 ? pick(64 * 1024) : (SMALL[pick(SMALL.length)] ?? 0);
  if (size === 'medium') return 64 * 1024 + pick(2 * MIB);
  return pick(4) === 0 ? SIZE_MAX : 4 * MIB + pick(SIZE_MAX - 4 * MIB);
}

/** Bytes of this size. One in four begins where others do, too, so that blobs are shared. */
export function pickBytes(pick: Pick, size: number): Buffer {
  const offset = pick(4) === 0 ? pick(8) * 1000 : pick(MIB);
  return POOL.subarray(offset, offset + size);
}

export const sizeOf = (content: Content): number => content.reduce((sum, { length }) => sum + length, 0);

/** Whether `bytes` are those of `content` from `start` on. */
export function holds(content: Content, bytes: Buffer, start = 0): boolean {
  let skip = start;
  let at = 0;
  for (const piece of content) {
    const from = Math.min(skip, piece.length);
    skip -= from;
    const taken = Math.min(piece.length - from, bytes.length - at);
    if (piece.compare(bytes, at, at + taken, from, from + taken) !== 0) return false;
    at += taken;
  }
  return at === bytes.length;
}
