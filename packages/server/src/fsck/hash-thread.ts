/** Hashes blobs in a thread of its own, one at a time. A worker entry. */

import { parentPort } from 'node:worker_threads';
import { SlabPool } from '../blobs/ingest/slab-pool.ts';
import { PlaceReader } from './blob-places.ts';
import { hashBlob } from './hash-blob.ts';
import type { HashRequest } from './hash-blob.ts';

function main(): void {
  const port = parentPort;
  if (port === null) throw new Error('This module is the entry of a worker thread');
  const slab = new SlabPool({ extra: 0, perUser: 1 }).share().take();
  if (slab === undefined) throw new Error('no memory to read into');

  const reader = new PlaceReader();
  port.on('message', (request: HashRequest) => {
    void hashBlob(reader, request, slab.bytes).then((answer) => port.postMessage(answer));
  });
}

main();
