/**
 * Hashes blob files in a thread of its own: reads a file from its beginning to its end, past the system's page cache
 * where that is large, and answers with its size and its SHA-256. A worker entry.
 */

import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { SlabPool } from '../blobs/ingest/slab-pool.ts';
import { PlaceReader } from './blob-places.ts';
import type { BlobPlace } from './blob-places.ts';

export interface HashRequest {
  readonly place: BlobPlace;
  readonly location: string;
  /** Bytes that it should have. */
  readonly length: number;
}

export type HashAnswer =
  | { readonly size: number; readonly sha256: Uint8Array }
  | { readonly code: string; readonly message: string };

function main(): void {
  const port = parentPort;
  if (port === null) throw new Error('This module is the entry of a worker thread');
  const slab = new SlabPool({ extra: 0, perUser: 1 }).share().take();
  if (slab === undefined) throw new Error('no memory to read into');

  const reader = new PlaceReader();
  const hash = async ({ place, location, length }: HashRequest): Promise<HashAnswer> => {
    const file = await reader.blobsOf(place).open(location, length);
    try {
      const sum = createHash('sha256');
      let size = 0;
      for (;;) {
        const count = await file.read(slab.bytes, size);
        sum.update(slab.bytes.subarray(0, count));
        size += count;
        if (count < slab.bytes.byteLength) return { size, sha256: sum.digest() };
      }
    } finally {
      await file.close();
    }
  };
  port.on('message', (request: HashRequest) => {
    hash(request).then(
      (answer) => port.postMessage(answer),
      (error: NodeJS.ErrnoException) => {
        port.postMessage({ code: error.code ?? '', message: error.message } satisfies HashAnswer);
      },
    );
  });
}

main();
