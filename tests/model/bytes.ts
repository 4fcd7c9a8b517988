/**
 * @module The bytes of objects as the model has them: slices of one pool, so that large ones cost nothing until compared.
 */

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

import { seededBytes } from '../faults/seeded.ts';

/** The least size of a part that is not the last. */
export const PART_MIN = 5 * 1024 * 1024;

const POOL = seededBytes('model', PART_MIN + 4096);

export class Bytes {
  static readonly none = new Bytes([]);

  readonly pieces: readonly Buffer[];
  readonly size: number;

  private constructor(pieces: readonly Buffer[]) {
    this.pieces = pieces;
    this.size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** The same numbers give the same bytes. */
  static of({ offset, size }: { offset: number; size: number }): Bytes {
    return new Bytes([POOL.subarray(offset, offset + size)]);
  }

  static joined(all: readonly Bytes[]): Bytes {
    return new Bytes(all.flatMap(({ pieces }) => pieces));
  }

  slice(start: number, end: number): Bytes {
    const taken: Buffer[] = [];
    let at = 0;
    for (const piece of this.pieces) {
      taken.push(piece.subarray(Math.max(0, start - at), Math.max(0, Math.min(piece.length, end - at))));
      at += piece.length;
    }
    return new Bytes(taken.filter(({ length }) => length > 0));
  }

  equals(other: Buffer): boolean {
    if (other.length !== this.size) return false;
    let at = 0;
    return this.pieces.every((piece) => piece.equals(other.subarray(at, (at += piece.length))));
  }

  toBuffer(): Buffer {
    return this.pieces.length === 1 ? (this.pieces[0] as Buffer) : Buffer.concat(this.pieces);
  }

  /** Lower-case hex. */
  md5(): string {
    const hash = createHash('md5');
    for (const piece of this.pieces) hash.update(piece);
    return hash.digest('hex');
  }

  /** Base64. */
  crc32(): string {
    const value = Buffer.alloc(4);
    value.writeUInt32BE(this.pieces.reduce((crc, piece) => crc32(piece, crc), 0));
    return value.toString('base64');
  }
}
