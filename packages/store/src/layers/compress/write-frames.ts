/** Logical bytes into frames and their index. Data that does not shrink is found out by samples, and stored as it is. */

import { crc32 } from 'node:zlib';
import { ByteReader } from '../codec/byte-reader.ts';
import { ahead } from './ahead.ts';
import { IndexWriter } from './format.ts';
import { compressFrame, rawFrame } from './frames.ts';

/** A frame that saves less than this share of its bytes is not worth decompressing. */
const SAVED_MIN = 1 / 16;
/** After so many frames in a row that did not shrink, frames are stored without a try: first a few, then more and more. */
const MISSES = 2;
const UNTRIED_MIN = 4;
const UNTRIED_MAX = 64;
/** Frames under way at once. */
export const DEPTH = 4;

export interface FrameOptions {
  readonly level: number;
  readonly frameBytes: number;
}

/** Whether to try the next frame, by what became of those before. */
class Sampler {
  #misses = 0;
  #untried = 0;
  #next = UNTRIED_MIN;

  wants(): boolean {
    if (this.#untried === 0) return true;
    this.#untried--;
    return false;
  }

  saw(shrank: boolean): void {
    if (shrank) {
      this.#misses = 0;
      this.#next = UNTRIED_MIN;
    } else if (++this.#misses >= MISSES) {
      this.#untried = this.#next;
      this.#next = Math.min(UNTRIED_MAX, this.#next * 2);
    }
  }
}

/**
 * The stored bytes of an object, as its logical ones come.
 *
 * @param onSize called with the logical bytes when all have come
 */
export async function* writeFrames(
  chunks: AsyncIterable<Uint8Array>,
  options: FrameOptions,
  onSize: (size: number) => void,
): AsyncGenerator<Uint8Array> {
  const index = new IndexWriter();
  const sampler = new Sampler();
  let size = 0;
  async function* jobs(): AsyncGenerator<() => Promise<Written>> {
    const reader = new ByteReader(chunks);
    try {
      for (;;) {
        // A copy: it is read while the next one comes.
        const bytes = await reader.readCopy(options.frameBytes);
        if (bytes.byteLength === 0) return;
        size += bytes.byteLength;
        yield () => writeFrame(bytes, options.level, sampler);
        if (bytes.byteLength < options.frameBytes) return;
      }
    } finally {
      await reader.close();
    }
  }
  for await (const { stored, raw, crc } of ahead(jobs(), DEPTH)) {
    index.add({ stored: stored.byteLength, raw, crc });
    yield stored;
  }
  onSize(size);
  yield index.end(size, options.frameBytes);
}

interface Written {
  readonly stored: Uint8Array;
  readonly raw: boolean;
  readonly crc: number;
}

async function writeFrame(bytes: Uint8Array, level: number, sampler: Sampler): Promise<Written> {
  const crc = crc32(bytes);
  if (sampler.wants()) {
    const stored = await compressFrame(bytes, level);
    const shrank = stored.byteLength <= bytes.byteLength * (1 - SAVED_MIN);
    sampler.saw(shrank);
    if (shrank) return { stored, raw: false, crc };
  }
  return { stored: rawFrame(bytes), raw: true, crc };
}
