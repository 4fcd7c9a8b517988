/**
 * @module The bytes that clients write: pieces that no two writes share, each with its number in front, so that every body
 * tells of which writes it is made.
 */

import { createHash } from 'node:crypto';

import { seededBytes } from '../faults/seeded.ts';

export interface Piece {
  readonly bytes: Buffer;
  /** Lower-case hex. */
  readonly md5: string;
}

const FILLER = seededBytes('pieces', 256 * 1024);

export class Pieces {
  readonly #pieces: Piece[] = [];

  /** @returns the number of a new one @param size bytes, at least 16 */
  make(size: number): number {
    const number = this.#pieces.length;
    const head = `#${number};`;
    const bytes = Buffer.concat([Buffer.from(head), FILLER.subarray(number, number + size - head.length)]);
    this.#pieces.push({ bytes, md5: createHash('md5').update(bytes).digest('hex') });
    return number;
  }

  get(number: number): Piece {
    const piece = this.#pieces[number];
    if (piece === undefined) throw new Error(`no piece ${number}`);
    return piece;
  }

  /** The pieces that a body is made of; undefined: nobody wrote these bytes. */
  parse(body: Buffer): number[] | undefined {
    const found: number[] = [];
    for (let at = 0; at < body.length;) {
      const number = /^#(\d+);/.exec(body.toString('latin1', at, at + 12))?.[1];
      const piece = number === undefined ? undefined : this.#pieces[Number(number)];
      if (piece?.bytes.equals(body.subarray(at, at + piece.bytes.length)) !== true) return undefined;
      found.push(Number(number));
      at += piece.bytes.length;
    }
    return found;
  }
}
