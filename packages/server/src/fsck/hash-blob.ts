/** The size and the SHA-256 of a blob's stored bytes, read from beginning to end. */

import { createHash } from 'node:crypto';
import type { PlaceReader } from './blob-places.ts';
import type { BlobPlace } from './blob-places.ts';

export interface HashRequest {
  readonly place: BlobPlace;
  readonly location: string;
  /** Bytes that it should have. */
  readonly length: number;
}

export type HashAnswer =
  | { readonly size: number; readonly sha256: Uint8Array }
  /** Why it cannot be read. */
  | { readonly code: string; readonly message: string };

/** @param bytes that it is read into, piece by piece: a slab's, as what is large is read past the system's page cache */
export async function hashBlob(
  reader: PlaceReader,
  { place, location, length }: HashRequest,
  bytes: Buffer,
): Promise<HashAnswer> {
  try {
    const file = await reader.blobsOf(place).open(location, length);
    try {
      const sum = createHash('sha256');
      let size = 0;
      for (;;) {
        const count = await file.read(bytes, size);
        sum.update(bytes.subarray(0, count));
        size += count;
        if (count < bytes.byteLength) return { size, sha256: sum.digest() };
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return { code, message };
  }
}
