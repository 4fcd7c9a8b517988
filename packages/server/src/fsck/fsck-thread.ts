/**
 * A check of the store of a running server, in a thread of its own beside the load. A worker entry: it tells its parent
 * what it finds, and ends with the check.
 */

import { parentPort, workerData } from 'node:worker_threads';
import type { BlobStoreConfig, StorageClassMap } from '../config.ts';
import type { FsckEvent } from './report.ts';
import { runFsck } from './run-fsck.ts';

export interface FsckThreadData {
  readonly dataDir: string;
  readonly storageClasses: StorageClassMap;
  readonly blobs: BlobStoreConfig | null;
  readonly quick: boolean;
}

async function main(data: FsckThreadData): Promise<void> {
  const tell = (event: FsckEvent): void => parentPort?.postMessage(event);
  try {
    await runFsck({ ...data, live: true, onEvent: tell });
  } catch (error) {
    tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
}

void main(workerData as FsckThreadData);
