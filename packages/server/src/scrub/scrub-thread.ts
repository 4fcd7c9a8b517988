/**
 * The scrub in a thread of its own, beside the load: rounds, each an interval after the one before began, and in between
 * a look at what is damaged. A worker entry: it ends when it is terminated, at any moment.
 */

import type { MessagePort } from 'node:worker_threads';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { DATABASE_FILE, openReader } from '../catalog/sqlite/connection.ts';
import { WriterClient } from '../catalog/sqlite/writer-client.ts';
import type { BlobStoreConfig, ScrubConfig, StorageClassMap } from '../config.ts';
import { blobPlaces, PlaceReader } from '../fsck/blob-places.ts';
import { Slices } from '../fsck/slices.ts';
import { Scrub } from './scrub.ts';
import type { ScrubEvent } from './scrub.ts';

export interface ScrubThreadData {
  readonly dataDir: string;
  readonly storageClasses: StorageClassMap;
  readonly blobs: BlobStoreConfig | null;
  readonly scrub: ScrubConfig;
  readonly writer: MessagePort;
}

/** Between two looks at what is damaged, and the longest rest before a round. */
const LOOK_MS = 60_000;

async function main({ writer: port, scrub: config, ...data }: ScrubThreadData): Promise<void> {
  const writer = new WriterClient(port);
  const db = openReader(join(data.dataDir, DATABASE_FILE));
  const scrub = new Scrub({
    db,
    slices: new Slices(db, true),
    places: blobPlaces(data),
    reader: new PlaceReader(),
    bytesPerSecond: config.bytesPerSecond,
    clock: { now: () => performance.now(), sleep: (ms) => sleep(ms) },
    note: (note) => writer.write('noteScrub', note),
    tell: (event: ScrubEvent) => parentPort?.postMessage(event),
  });
  for (;;) {
    await scrub.recheck();
    const { after, began } = scrub.progress;
    const due = after > 0 ? 0 : began + config.intervalMs - Date.now();
    if (due <= 0) await scrub.round(Date.now());
    else await sleep(Math.min(due, LOOK_MS));
  }
}

void main(workerData as ScrubThreadData);
