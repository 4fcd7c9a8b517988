/**
 * Reading a blob of zstd frames by positions of its bytes before compression. It holds one slab of what is stored and
 * the bytes of the frame that was read last. One read at a time.
 */

import type { BlobReader, BlobStore } from '../blob-store.ts';
import { ALIGNMENT, SLAB_BYTES } from '../ingest/slab-pool.ts';
import type { Slab, SlabPool, SlabShare } from '../ingest/slab-pool.ts';
import { DamagedBlob } from '../damaged-blob.ts';
import { decompressFrame, FrameMap, releaseFrame } from './zstd-frames.ts';
import type { Frame } from './zstd-frames.ts';

export class ZstdReader implements BlobReader {
  readonly alignment = ALIGNMENT;
  readonly #stored: BlobReader;
  readonly #map: FrameMap;
  readonly #share: SlabShare;
  #slab: Slab | undefined;
  /** What the slab holds of the stored bytes. */
  #windowStart = 0;
  #windowEnd = 0;
  /** Where the frame that was decoded last ends: who reads on from there gets a whole slab read at once. */
  #readOn = -1;
  #position = -1;
  #bytes: Buffer | undefined;

  /** As `BlobStore.open`; rejects with `DamagedBlob` when the map is not the blob's. */
  static async open(
    store: Pick<BlobStore, 'open'>,
    blob: { location: string; frames: Uint8Array; logical: number },
    { pool, length }: { pool: SlabPool; length: number },
  ): Promise<ZstdReader> {
    const map = new FrameMap(blob.frames, blob.logical);
    return new ZstdReader(await store.open(blob.location, length), map, pool);
  }

  private constructor(stored: BlobReader, map: FrameMap, pool: SlabPool) {
    this.#stored = stored;
    this.#map = map;
    this.#share = pool.share();
  }

  get outlivesBlob(): boolean {
    return this.#stored.outlivesBlob;
  }

  /** Positions, lengths and memory may be any. Rejects with `DamagedBlob` when the bytes are not those that were written. */
  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0;
    const most = Math.min(into.byteLength, this.#map.logical - position);
    while (done < most) {
      const from = position + done;
      const bytes = await this.#frameAt(from);
      done += bytes.copy(into, done, from - this.#position);
    }
    return done;
  }

  async close(): Promise<void> {
    if (this.#slab !== undefined) this.#share.give(this.#slab);
    this.#slab = undefined;
    this.#forget();
    await this.#stored.close();
  }

  async #frameAt(position: number): Promise<Buffer> {
    const last = this.#bytes;
    if (last !== undefined && position >= this.#position && position < this.#position + last.length)
      return last;
    const frame = this.#map.at(position);
    const bytes = await decompressFrame(await this.#load(frame), frame.length);
    this.#forget();
    this.#bytes = bytes;
    this.#position = frame.position;
    this.#readOn = frame.end;
    return bytes;
  }

  #forget(): void {
    if (this.#bytes !== undefined) releaseFrame(this.#bytes, this.#bytes.length);
    this.#bytes = undefined;
  }

  /** The stored bytes of a frame: in the slab, or in memory of their own when no slab holds all of them. */
  async #load({ start, end }: Frame): Promise<Uint8Array> {
    if (start >= this.#windowStart && end <= this.#windowEnd) return this.#window(start, end);
    const base = start - (start % ALIGNMENT);
    const wanted = this.#readOn === start ? SLAB_BYTES : Math.ceil((end - base) / ALIGNMENT) * ALIGNMENT;
    await this.#fill(base, Math.min(SLAB_BYTES, wanted));
    if (end <= this.#windowEnd) return this.#window(start, end);
    const whole = Buffer.allocUnsafeSlow(end - start);
    for (let at = start; at < end;) {
      if (at >= this.#windowEnd && this.#windowEnd % ALIGNMENT === 0)
        await this.#fill(this.#windowEnd, SLAB_BYTES);
      const upTo = Math.min(end, this.#windowEnd);
      if (upTo <= at) throw new DamagedBlob('its file is too short');
      whole.set(this.#window(at, upTo), at - start);
      at = upTo;
    }
    return whole;
  }

  #window(start: number, end: number): Uint8Array {
    const { bytes } = this.#slab as Slab;
    return bytes.subarray(start - this.#windowStart, end - this.#windowStart);
  }

  /** @param base a multiple of ALIGNMENT, as `length` */
  async #fill(base: number, length: number): Promise<void> {
    const { bytes } = (this.#slab ??= this.#first());
    this.#windowStart = this.#windowEnd = base;
    this.#windowEnd += await this.#stored.read(bytes.subarray(0, length), base);
  }

  #first(): Slab {
    const slab = this.#share.take();
    if (slab === undefined) throw new Error('the first slab of a share is always there');
    return slab;
  }
}
