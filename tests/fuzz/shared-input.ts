/** @module The input that a thread is at, where another can see it: of one that hangs or dies nobody else could tell. */

import { TARGETS } from './targets.ts';

const HEADER = { target: 0, length: 1, count: 2 } as const;
const HEADER_BYTES = 12;

export class SharedInput {
  readonly memory: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #bytes: Buffer;

  constructor(memory?: SharedArrayBuffer) {
    const bytesMax = Math.max(...TARGETS.map((target) => target.bytesMax));
    this.memory = memory ?? new SharedArrayBuffer(HEADER_BYTES + bytesMax);
    this.#header = new Int32Array(this.memory, 0, HEADER_BYTES / 4);
    this.#bytes = Buffer.from(this.memory, HEADER_BYTES);
  }

  set(target: number, input: Buffer): void {
    this.#header[HEADER.target] = target;
    this.#header[HEADER.length] = input.length;
    this.#bytes.set(input);
    Atomics.add(this.#header, HEADER.count, 1);
  }

  /** How many there were. */
  get count(): number {
    return Atomics.load(this.#header, HEADER.count);
  }

  get(): { target: string; input: Buffer } {
    const name = TARGETS[this.#header[HEADER.target] ?? 0]?.name ?? '';
    return { target: name, input: Buffer.from(this.#bytes.subarray(0, this.#header[HEADER.length])) };
  }
}
