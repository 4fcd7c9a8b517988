/** @module What disks do to bytes: bits that flip, sectors of zeros, pieces that are cut off, exchanged or somebody else's. */

import type { seededChoice } from '../seeded.ts';

type Choose = ReturnType<typeof seededChoice>;

const SECTOR = 512;
const PAGE = 4096;

interface Change {
  readonly name: string;
  readonly change: (bytes: Buffer, choose: Choose) => Buffer;
}

const flip: Change = {
  name: 'a bit flipped',
  change: (bytes, choose) => {
    const at = choose(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << choose(8));
    return bytes;
  },
};

const IN_PLACE: readonly Change[] = [
  flip,
  flip,
  flip,
  {
    name: 'a byte changed',
    change: (bytes, choose) => {
      const at = choose(bytes.length);
      bytes[at] = choose(256);
      return bytes;
    },
  },
  {
    name: 'a sector of zeros',
    change: (bytes, choose) => {
      const at = choose(Math.ceil(bytes.length / SECTOR)) * SECTOR;
      return bytes.fill(0, at, Math.min(bytes.length, at + SECTOR));
    },
  },
  {
    name: 'noise',
    change: (bytes, choose) => {
      const at = choose(bytes.length);
      const end = Math.min(bytes.length, at + 1 + choose(64));
      for (let i = at; i < end; i++) bytes[i] = choose(256);
      return bytes;
    },
  },
];

const pagesExchanged: Change = {
  name: 'two pages exchanged',
  change: (bytes, choose) => {
    const pages = Math.floor(bytes.length / PAGE);
    const [one, other] = [choose(pages) * PAGE, choose(pages) * PAGE];
    const kept = Buffer.from(bytes.subarray(one, one + PAGE));
    bytes.copyWithin(one, other, other + PAGE);
    kept.copy(bytes, other);
    return bytes;
  },
};

const LENGTHS: readonly Change[] = [
  { name: 'cut off', change: (bytes, choose) => bytes.subarray(0, choose(bytes.length)) },
  { name: 'longer', change: (bytes, choose) => Buffer.concat([bytes, Buffer.alloc(1 + choose(5000), 7)]) },
];

/** A change of a blob's file. @returns what it is called, and other bytes than those that were given */
export function spoilFile(bytes: Buffer, choose: Choose): { name: string; bytes: Buffer } {
  return spoil(bytes, choose, [...IN_PLACE, ...LENGTHS]);
}

/** A change of the catalog's file, or of its log. */
export function spoilPages(bytes: Buffer, choose: Choose): { name: string; bytes: Buffer } {
  return spoil(bytes, choose, [...IN_PLACE, ...IN_PLACE, pagesExchanged]);
}

function spoil(bytes: Buffer, choose: Choose, changes: readonly Change[]): { name: string; bytes: Buffer } {
  for (;;) {
    const { name, change } = changes[choose(changes.length)] ?? flip;
    const spoilt = change(Buffer.from(bytes), choose);
    if (!spoilt.equals(bytes)) return { name, bytes: spoilt };
  }
}
