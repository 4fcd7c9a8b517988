/**
 * The parts that a follower has been sent, or has passed: enough to tell whether they are still the same. There may be
 * thousands of followers of 10,000 parts, so of each part 16 bytes are kept.
 */

import { hash } from 'node:crypto';
import type { Part } from '../../catalog/uploads.ts';

type Sent = Pick<Part, 'size' | 'etag'>;

const DIGEST_BYTES = 16;

export class SentParts {
  #digests = Buffer.alloc(16 * DIGEST_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(part: Sent): void {
    const end = this.#length * DIGEST_BYTES;
    if (end === this.#digests.length) this.#digests = Buffer.concat([this.#digests, Buffer.alloc(end)]);
    digestOf(part).copy(this.#digests, end);
    this.#length++;
  }

  /** @param number from 1 on; it was sent */
  isSame(number: number, part: Sent | undefined): boolean {
    const start = (number - 1) * DIGEST_BYTES;
    return part !== undefined && digestOf(part).equals(this.#digests.subarray(start, start + DIGEST_BYTES));
  }
}

function digestOf({ size, etag }: Sent): Buffer {
  return hash('sha256', `${size} ${etag}`, 'buffer').subarray(0, DIGEST_BYTES);
}
