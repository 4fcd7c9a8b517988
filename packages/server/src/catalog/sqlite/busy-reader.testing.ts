/** A thread that reads without a pause, as a gateway thread under load does, until it is told to stop. It counts its reads. */

import { parentPort, workerData } from 'node:worker_threads';

import type { EpochMemory } from '../epochs.ts';
import { EpochReader } from '../epochs.ts';
import { listing } from '../requests.fixtures.ts';
import { openReader } from './connection.ts';
import { SqliteCatalog } from './sqlite-catalog.ts';

export interface BusyReaderData {
  readonly path: string;
  readonly memory: EpochMemory;
  readonly bucket: number;
  readonly keys: readonly string[];
  /** One number, shared. */
  readonly reads: Uint32Array;
}

async function main({ path, memory, bucket, keys, reads }: BusyReaderData): Promise<void> {
  const db = openReader(path);
  const refuse = (): never => {
    throw new Error('a reader does not write');
  };
  const writer = { write: refuse, watchUpload: refuse };
  const catalog = new SqliteCatalog({ db, writer, epochs: new EpochReader(memory, 0) });
  const stop = new AbortController();
  parentPort?.once('message', () => stop.abort());
  while (!stop.signal.aborted) {
    const opened = await Promise.all(keys.map((key) => catalog.openVersion(bucket, key)));
    await catalog.listObjects(listing(bucket));
    // In the midst of a read, as far as the gateway is concerned.
    await new Promise((resolve) => setImmediate(resolve));
    for (const one of opened) one?.release();
    Atomics.add(reads, 0, 1);
  }
  db.close();
  parentPort?.close();
}

await main(workerData as BusyReaderData);
