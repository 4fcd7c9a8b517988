/** The layer that compresses what a store keeps. */

import { StoreError } from '../errors.ts';
import type { ObjectStore } from '../object-store.ts';
import { Store, toStore } from '../store.ts';
import { CodecStore } from './codec/codec-store.ts';
import { CompressCodec } from './compress/compress-codec.ts';
import { FRAME_BYTES_MAX, FRAME_BYTES_MIN } from './compress/format.ts';

export interface CompressOptions {
  /** of zstd: 1 is fast, 22 is small; 3 when left out */
  readonly level?: number | undefined;
  /**
   * bytes that are compressed together: 4 KiB to 16 MiB; 256 KiB when left out. Larger ones shrink more, smaller ones make
   * short ranges cheaper. An object has up to 16,777,216 of them.
   */
  readonly frameBytes?: number | undefined;
  /**
   * `logical` (when left out): listings give the sizes of objects as `get` does, which costs a small read of each object,
   * 16 at once. `stored`: listings give the compressed sizes and cost nothing more; for those who look at keys alone.
   */
  readonly listedSizes?: 'logical' | 'stored' | undefined;
}

/**
 * Compresses objects with zstd in frames, with an index at the end, so that a range is read by the end of the object and the
 * frames that hold it. What is stored can be read by `zstd -d`, too. Frames that do not shrink are stored as they are;
 * after some of those most are not even tried. Format: docs/store-formats.md.
 *
 * Stores tell stored sizes only, so that a head costs a read of the object's last 36 bytes, and so does each object of a
 * listing (see `listedSizes`). A read costs one request for objects of up to 16 KiB stored, two for larger ones (three from
 * 2,000 frames on). Etags and conditions are those of the store below. Bytes that are not those that were written reject
 * with `Corrupt`. No live uploads, no presigned URLs (`Unsupported`). Bodies from streams and files are read once: to
 * repeat failed puts of those place `retry` around this layer, not below.
 *
 * @throws {StoreError} `InvalidArgument`
 */
export function compress(options: CompressOptions, store: ObjectStore): Store {
  const { level = 3, frameBytes = 256 * 1024, listedSizes = 'logical' } = options;
  check('level', level, 1, LEVEL_MAX);
  check('frameBytes', frameBytes, FRAME_BYTES_MIN, FRAME_BYTES_MAX);
  const codec = new CompressCodec({ level, frameBytes, listedSizes });
  return new Store(new CodecStore(`compress(${level}`, codec, toStore(store).inner));
}

const LEVEL_MAX = 22;

function check(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new StoreError(
    'InvalidArgument',
    `${name} is a whole number from ${least} to ${most}, not ${value}`,
    {
      operation: 'open',
    },
  );
}
