/**
 * @module Takes HTTP's chunks off a body, piece by piece, without a copy. No trailers, no extensions: what our server
 * sends has none.
 */

import assert from 'node:assert/strict';

const CR_LF = 2;

export class ChunkedBody {
  /** The last chunk has come: this is a normal end. */
  ended = false;
  /** Bytes of the chunk, and of the line's end after it, that have not come. */
  #left = 0;
  /** What has come of a chunk's first line. */
  #line = '';

  /** Hands over what is of the body; the pieces are views of `bytes`. */
  push(bytes: Buffer, take: (piece: Buffer) => void): void {
    for (let at = 0; at < bytes.length;) {
      assert.ok(!this.ended, 'bytes after the last chunk');
      if (this.#left === 0) {
        at = this.#readLine(bytes, at);
        continue;
      }
      const from = at;
      at = Math.min(bytes.length, from + this.#left);
      const data = Math.min(at - from, Math.max(0, this.#left - CR_LF));
      this.#left -= at - from;
      if (data > 0) take(bytes.subarray(from, from + data));
    }
  }

  /** @returns where the line ends, or the bytes do */
  #readLine(bytes: Buffer, from: number): number {
    const newline = bytes.indexOf('\n', from);
    const to = newline < 0 ? bytes.length : newline + 1;
    this.#line += bytes.toString('latin1', from, to);
    assert.ok(this.#line.length < 80, this.#line);
    if (newline < 0) return to;
    // The last chunk is of no bytes, and the line after it is empty.
    if (this.#line === '0\r\n\r\n') this.ended = true;
    if (this.#line === '0\r\n') return to;
    const size = /^([0-9a-f]+)\r\n$/i.exec(this.#line)?.[1];
    if (size !== undefined) this.#left = Number.parseInt(size, 16) + CR_LF;
    else assert.ok(this.ended, this.#line);
    this.#line = '';
    return to;
  }
}
