/** One blob, read from its beginning to its end and compared with what its row says it is. */

import { createHash } from 'node:crypto';
import type { BlobReader, BlobStore } from '../blobs/blob-store.ts';
import { BlockSums } from '../blobs/checks/block-checks.ts';
import { CODEC, openBlob } from '../blobs/codecs/codec.ts';
import { DamagedBlob } from '../blobs/damaged-blob.ts';
import { SLAB_BYTES } from '../blobs/ingest/slab-pool.ts';
import type { Slab, SlabPool } from '../blobs/ingest/slab-pool.ts';
import { isMissing } from '../fsck/blob-places.ts';

export interface ScrubbedBlob {
  readonly location: string;
  readonly codec: number;
  readonly sha256: Uint8Array;
  readonly logical: number;
  readonly stored: number;
  readonly frames: Uint8Array | null;
}

export interface Reading {
  readonly slab: Slab;
  readonly pool: SlabPool;
  /** Waited for before each read of so many bytes. */
  readonly pace: (bytes: number) => Promise<void>;
}

/**
 * Rejects with `DamagedBlob` when it is not there, or not what was stored; with what the store says when it cannot be
 * reached.
 *
 * @returns the checks of its blocks
 */
export async function checkBlob(store: BlobStore, blob: ScrubbedBlob, reading: Reading): Promise<Buffer> {
  const { location, sha256, stored, codec, logical } = blob;
  const hash = createHash('sha256');
  const sums = new BlockSums();
  const reader = await store.open(location, stored).catch((error: NodeJS.ErrnoException) => {
    throw isMissing(error.code ?? '') ? new DamagedBlob('it is not there', { cause: error }) : error;
  });
  const size = await readAll(reader, reading, (bytes) => {
    hash.update(bytes);
    if (codec === CODEC.none) sums.add(bytes);
  });
  if (size !== stored) throw new DamagedBlob(`it has ${size} bytes, not ${stored}`);
  if (!hash.digest().equals(sha256)) throw new DamagedBlob('its SHA-256 is another');
  if (codec === CODEC.none) return sums.encode();
  const decoder = await openBlob(store, blob, { pool: reading.pool, length: logical });
  await readAll(decoder, reading, (bytes) => sums.add(bytes));
  return sums.encode();
}

async function readAll(
  reader: BlobReader,
  { slab, pace }: Reading,
  take: (bytes: Uint8Array) => void,
): Promise<number> {
  let size = 0;
  try {
    for (;;) {
      await pace(SLAB_BYTES);
      const count = await reader.read(slab.bytes, size);
      take(slab.bytes.subarray(0, count));
      size += count;
      if (count < SLAB_BYTES) return size;
    }
  } catch (error) {
    throw isMissing((error as NodeJS.ErrnoException).code ?? '')
      ? new DamagedBlob('it is not there', { cause: error })
      : error;
  } finally {
    await reader.close();
  }
}
