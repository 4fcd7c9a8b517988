/**
 * MD5 of many messages at a time: each that has bytes takes a lane, and all advance together. Synchronous; it knows no
 * threads and no slabs.
 */

import { BLOCK_BYTES, createMd5Module, LANE_BYTES, laneAt, LANES, stateAt } from './md5-module.ts';

/** What has been hashed of one message. */
export class Md5Message {
  readonly state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  /** Of a block that is not full yet. */
  readonly rest = Buffer.alloc(BLOCK_BYTES);
  length = 0;
}

/** Bytes that come next in a message. */
export interface Md5Piece {
  readonly message: Md5Message;
  /** What of them is still to be hashed. */
  bytes: Uint8Array;
}

export class Md5Lanes {
  readonly #md5 = createMd5Module();
  readonly #memory = Buffer.from(this.#md5.memory.buffer);
  readonly #words = new Uint32Array(this.#md5.memory.buffer);

  /**
   * Hashes some of each piece: as much as the shortest allows, and at most LANE_BYTES.
   *
   * @param pieces 1 to LANES, each of a message of its own
   */
  advance(pieces: readonly Md5Piece[]): void {
    for (const piece of pieces) this.#fillRest(piece);
    const shortest = Math.min(LANE_BYTES, ...pieces.map(({ bytes }) => bytes.byteLength));
    const length = shortest - (shortest % BLOCK_BYTES);
    if (length > 0) {
      for (const [lane, { bytes }] of pieces.entries())
        this.#memory.set(bytes.subarray(0, length), laneAt(lane));
      this.#compress(
        pieces.map(({ message }) => message),
        length / BLOCK_BYTES,
      );
      for (const piece of pieces) take(piece, length);
    }
    for (const piece of pieces) {
      if (piece.bytes.byteLength >= BLOCK_BYTES) continue;
      piece.message.rest.set(piece.bytes, piece.message.length % BLOCK_BYTES);
      take(piece, piece.bytes.byteLength);
    }
  }

  /** Ends a message. */
  digest(message: Md5Message): Buffer {
    const filled = message.length % BLOCK_BYTES;
    const blocks = filled + 9 > BLOCK_BYTES ? 2 : 1;
    const end = Buffer.alloc(blocks * BLOCK_BYTES);
    end.set(message.rest.subarray(0, filled));
    end[filled] = 0x80;
    end.writeBigUInt64LE(BigInt(message.length) * 8n, end.byteLength - 8);
    this.#memory.set(end, laneAt(0));
    this.#compress([message], blocks);
    const digest = Buffer.alloc(16);
    message.state.forEach((word, i) => digest.writeUInt32LE(word, i * 4));
    return digest;
  }

  /** A block that was begun is filled up first: lanes take whole ones. */
  #fillRest(piece: Md5Piece): void {
    const { message } = piece;
    const filled = message.length % BLOCK_BYTES;
    if (filled === 0) return;
    const bytes = piece.bytes.subarray(0, BLOCK_BYTES - filled);
    message.rest.set(bytes, filled);
    take(piece, bytes.byteLength);
    if (filled + bytes.byteLength < BLOCK_BYTES) return;
    this.#memory.set(message.rest, laneAt(0));
    this.#compress([message], 1);
  }

  /** @param messages whose blocks are in the lanes, in this order */
  #compress(messages: readonly Md5Message[], blocks: number): void {
    messages.forEach(({ state }, lane) =>
      state.forEach((value, word) => (this.#words[stateAt(lane, word) / 4] = value)),
    );
    // What is left in a lane that nobody uses is hashed along.
    if (messages.length === 1) this.#md5.one(blocks);
    else if (messages.length <= LANES / 2) this.#md5.four(blocks);
    else this.#md5.eight(blocks);
    messages.forEach(({ state }, lane) =>
      state.forEach((_, word) => (state[word] = this.#words[stateAt(lane, word) / 4] ?? 0)),
    );
  }
}

function take(piece: Md5Piece, length: number): void {
  piece.message.length += length;
  piece.bytes = piece.bytes.subarray(length);
}
