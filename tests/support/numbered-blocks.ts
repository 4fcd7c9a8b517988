/**
 * @module Large contents that nobody has to hold: the same megabyte again and again, each time with another number in
 * front, so that no two are equal and a byte in a wrong place is seen.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

export const MIB = 1024 * 1024;

export class NumberedBlocks {
  readonly #block = randomBytes(MIB);

  block(i: number): Buffer {
    const block = Buffer.from(this.#block);
    block.writeUInt32LE(i);
    return block;
  }

  /** Takes the content from its beginning on, in any pieces; throws at the first byte that is another. */
  comparer(): { update(chunk: Buffer): void } {
    let received = 0;
    return {
      update: (chunk) => {
        for (let from = 0; from < chunk.length;) {
          const at = received % MIB;
          const to = Math.min(chunk.length, from + MIB - at);
          const block = at < 4 ? this.block(Math.floor(received / MIB)) : this.#block;
          assert.equal(chunk.compare(block, at, at + to - from, from, to), 0, `at ${received}`);
          received += to - from;
          from = to;
        }
      },
    };
  }
}
