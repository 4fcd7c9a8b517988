/**
 * A check of the store of a running server, in a thread of its own beside the load. A worker entry: it tells what it
 * finds through the port that it was given, and ends with the check, or when nobody listens any more.
 */

import type { MessagePort } from 'node:worker_threads';
import { workerData } from 'node:worker_threads';
import type { StorageClassMap } from '../config.ts';
import type { FsckEvent } from './report.ts';
import { runFsck } from './run-fsck.ts';

export interface FsckThreadData {
  readonly dataDir: string;
  readonly storageClasses: StorageClassMap;
  readonly quick: boolean;
  readonly port: MessagePort;
}

async function main({ port, ...options }: FsckThreadData): Promise<void> {
  const tell = (event: FsckEvent): void => port.postMessage(event);
  port.once('close', () => process.exit());
  try {
    await runFsck({ ...options, live: true, onEvent: tell });
  } catch (error) {
    tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
  port.close();
}

void main(workerData as FsckThreadData);
