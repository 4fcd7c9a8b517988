/**
 * @module Fills a bucket of a server that is not running with millions of small objects, through the catalog's own
 * writer: the rows are those that the server would have written, a request each, without its HTTP.
 */

import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { PublishRequest } from '../../packages/server/src/catalog/catalog.ts';
import { createEpochMemory, EpochWriter } from '../../packages/server/src/catalog/epochs.ts';
import { DATABASE_FILE, openWriter } from '../../packages/server/src/catalog/sqlite/connection.ts';
import { SqliteReader } from '../../packages/server/src/catalog/sqlite/reader.ts';
import { WriteQueue } from '../../packages/server/src/catalog/sqlite/write-queue.ts';

export const FILLED_OBJECT_BYTES = 32;

// On their way to the writer at a time.
const WINDOW = 2000;

export interface CatalogFill {
  dataDirectory: string;
  /** it exists */
  bucket: string;
  count: number;
  key: (rank: number) => string;
  progress: (done: number) => void;
}

/** Objects of 32 bytes, all different, in the order of their keys. Rejects when one of them is refused. */
export async function fillCatalog({
  dataDirectory,
  bucket,
  count,
  key,
  progress,
}: CatalogFill): Promise<void> {
  const path = join(dataDirectory, DATABASE_FILE);
  const db = openWriter(path);
  try {
    const reader = new SqliteReader(db);
    const found = reader.findBucket(bucket);
    if (found === undefined) throw new Error(`${bucket} is not there`);
    // A run that was broken off has left the first ones.
    const missing = firstMissing(count, (rank) => reader.findVersion(found.id, key(rank)) !== undefined);
    const queue = new WriteQueue({ db, path, epochs: new EpochWriter(createEpochMemory(1)) });
    for (let start = missing - (missing % WINDOW); start < count; start += WINDOW) {
      const length = Math.min(WINDOW, count - start);
      const window = Array.from({ length }, (_, index) =>
        publish(queue, publication(found.id, found.owner, key(start + index))),
      );
      await Promise.all(window);
      progress(start + length);
    }
    queue.checkpointer.truncate();
  } finally {
    db.close();
  }
}

/** The least rank that is not there, where all before it are and none after it. */
function firstMissing(count: number, isThere: (rank: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isThere(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function publish(queue: WriteQueue, input: PublishRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    queue.enqueue({ name: 'publishVersion', input }, (outcome) => {
      if ('error' in outcome) reject(outcome.error);
      else resolve();
    });
  });
}

function publication(bucket: number, owner: string, key: string): PublishRequest {
  const data = Buffer.from(key.padStart(FILLED_OBJECT_BYTES, '*').slice(-FILLED_OBJECT_BYTES));
  return {
    bucket,
    key,
    condition: null,
    content: { kind: 'inline', data, sha256: hash('sha256', data, 'buffer') },
    size: data.length,
    etag: hash('md5', data),
    storageClass: 'STANDARD',
    owner,
    attributes: '{"contentType":"binary/octet-stream","metadata":{}}',
    tags: null,
    checksumAlgorithm: null,
    checksumValue: null,
  };
}
