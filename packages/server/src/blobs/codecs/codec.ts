/** The codecs: how a blob's bytes are stored. A number is written into the blob's row and never means anything else. */

import type { BlobReader, BlobStore } from '../blob-store.ts';
import { BlobIngest } from '../ingest/blob-ingest.ts';
import type { Ingest, IngestOptions } from '../ingest/blob-ingest.ts';
import type { SlabPool } from '../ingest/slab-pool.ts';
import { ZstdIngest } from '../ingest/zstd-ingest.ts';
import { ZstdReader } from './zstd-reader.ts';

export const CODEC = { none: 0, zstd: 1 } as const;

export type Codec = (typeof CODEC)[keyof typeof CODEC];

/** A blob that has a place in a store. */
export interface StoredBlob {
  /** Null: it has none, and cannot be opened. */
  readonly location: string | null;
  readonly codec: number;
  /** Bytes before the codec. */
  readonly logical: number;
  /** The map of its frames, where its codec has one. */
  readonly frames: Uint8Array | null;
}

export function startIngest(codec: Codec, options: IngestOptions): Promise<Ingest> {
  return codec === CODEC.zstd ? ZstdIngest.start(options) : BlobIngest.start(options);
}

/** As `BlobStore.open`, by positions of the bytes before the codec. */
export function openBlob(
  store: BlobStore,
  blob: StoredBlob,
  options: { pool: SlabPool; length: number },
): Promise<BlobReader> {
  const { location, codec, logical, frames } = blob;
  if (location === null) return Promise.reject(new Error('an inline blob without data'));
  switch (codec) {
    case CODEC.none:
      return store.open(location, options.length);
    case CODEC.zstd:
      return ZstdReader.open(store, { location, logical, frames: frames ?? EMPTY }, options);
    default:
      return Promise.reject(new Error(`a blob has the unknown codec ${codec}`));
  }
}

const EMPTY = new Uint8Array();
