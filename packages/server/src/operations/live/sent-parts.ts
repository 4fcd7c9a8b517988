/**
 * The parts that a follower has been sent, or has passed: what tells whether they are still the same. There may be
 * hundreds of followers of 10,000 parts, so of each part 24 bytes are kept, not a row.
 */

import { multipartETag } from '@cistern/protocol';
import type { Part } from '../../catalog/uploads.ts';

type Sent = Pick<Part, 'size' | 'etag'>;

const SIZE_BYTES = 8;
const PART_BYTES = SIZE_BYTES + 16;

export class SentParts {
  #parts = Buffer.alloc(16 * PART_BYTES);
  #length = 0;
  #size = 0;

  get length(): number {
    return this.#length;
  }

  /** Of all of them, in bytes. */
  get size(): number {
    return this.#size;
  }

  push({ size, etag }: Sent): void {
    const at = this.#length * PART_BYTES;
    if (at === this.#parts.length) this.#parts = Buffer.concat([this.#parts, Buffer.alloc(at)]);
    this.#parts.writeDoubleLE(size, at);
    // A part's ETag is an MD5, or has the form of one.
    this.#parts.write(etag, at + SIZE_BYTES, 'hex');
    this.#length++;
    this.#size += size;
  }

  /** @param number from 1 on; it was sent */
  isSame(number: number, part: Sent | undefined): boolean {
    const at = (number - 1) * PART_BYTES;
    return (
      part !== undefined && part.size === this.#parts.readDoubleLE(at) && part.etag === this.#etag(number)
    );
  }

  /** Without quotes: that of an upload of these parts. */
  get etag(): string {
    return multipartETag(Array.from({ length: this.#length }, (_, i) => this.#etag(i + 1)));
  }

  #etag(number: number): string {
    return this.#parts.toString('hex', (number - 1) * PART_BYTES + SIZE_BYTES, number * PART_BYTES);
  }
}
