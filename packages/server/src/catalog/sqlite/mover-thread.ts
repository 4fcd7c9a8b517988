/**
 * The thread that moves the write-ahead log into the database (a checkpoint) while the writer goes on. It never writes
 * a transaction, and leaves it to the writer to let the log start over. A worker entry, started by `LogMover`.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { openMover } from './connection.ts';
import { MOVER } from './log-mover.ts';
import type { MoverData, MoverFailure } from './log-mover.ts';

function main({ path, state }: MoverData): void {
  const word = new Int32Array(state);
  const idle = (): void => {
    Atomics.store(word, 0, MOVER.idle);
    Atomics.notify(word, 0);
  };
  try {
    const db = openMover(path);
    const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
    parentPort?.on('message', (command: 'move' | 'close') => {
      if (command === 'close') {
        db.close();
        parentPort?.close();
        return;
      }
      try {
        checkpoint.get();
      } catch (error) {
        const { message, errcode } = error as Error & { errcode?: number };
        parentPort?.postMessage({ message, errcode } satisfies MoverFailure);
      }
      idle();
    });
  } catch (error) {
    // The writer may be waiting, and would not hear of the end of this thread.
    idle();
    throw error;
  }
}

main(workerData as MoverData);
