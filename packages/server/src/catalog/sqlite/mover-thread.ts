/**
 * The thread that moves the write-ahead log into the database (a checkpoint) while the writer goes on. It never writes
 * a transaction, and leaves it to the writer to let the log start over. A worker entry, started by `LogMover`.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { openMover } from './connection.ts';
import { MOVER, MOVER_READY } from './log-mover.ts';
import type { MoverData, MoverFailure } from './log-mover.ts';
import { SQLITE, sqliteCode } from './sqlite-errors.ts';

/** Of SQLite: there are no descriptors or no memory left, which are no faults of the disk. `LogMover` tries again. */
const SHORTAGE: ReadonlySet<number | undefined> = new Set([SQLITE.cannotOpen, SQLITE.noMemory]);

function main({ path, state }: MoverData): void {
  const word = new Int32Array(state);
  const idle = (): void => {
    Atomics.store(word, 0, MOVER.idle);
    Atomics.notify(word, 0);
  };
  const fail = (error: unknown): void => {
    const { message, errcode } = error as Error & { errcode?: number };
    parentPort?.postMessage({ message, errcode } satisfies MoverFailure);
  };
  try {
    const db = openMover(path);
    const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
    parentPort?.postMessage(MOVER_READY);
    parentPort?.on('message', (command: 'move' | 'close') => {
      if (command === 'close') {
        db.close();
        parentPort?.close();
        return;
      }
      try {
        checkpoint.get();
      } catch (error) {
        fail(error);
      }
      idle();
    });
  } catch (error) {
    // The writer may be waiting, and would not hear of the end of this thread.
    idle();
    if (SHORTAGE.has(sqliteCode(error))) throw error;
    fail(error);
  }
}

main(workerData as MoverData);
