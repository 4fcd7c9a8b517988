/**
 * Deletes blobs that nothing refers to. Those without references and reservations are found first, and nothing is done to
 * them until every reader that may have seen them is gone: whoever stores the same content meanwhile gets the blob back.
 * Those that nobody has asked for by then are marked in a transaction, where publishing happens too: from then on a blob is
 * never referred to again, and a reservation of the same content waits, for its file is being deleted; in another
 * transaction its row is. A crash in between leaves a marked row, which the next start finishes.
 */

import type { EpochWriter } from '../epochs.ts';
import { purgeExtents } from './purge.ts';
import { BLOB_STATE } from './schema.ts';
import type { WriteQueue } from './write-queue.ts';
import type { WriteStatements } from './write-statements.ts';

/** Rows a transaction: a few milliseconds of the writer's time. */
const SLICE = 200;
const EXTENTS_SLICE = 2000;
/** Found at once: while others read, it takes until the next look before anything may be done to what was found. */
const FOUND_MAX = 2000;
/** Each waits for the disk, and few of them leave the threads for files to those who read and write. */
const DELETIONS_AT_ONCE = 4;

export interface ReaperOptions {
  readonly queue: WriteQueue;
  readonly epochs: EpochWriter;
  /** Deletes the blob's bytes, durably; deleting what is not there is no error. */
  readonly deleteBlob: (blob: { tier: string; location: string }) => Promise<void>;
}

interface Doomed {
  readonly id: number;
  readonly tier: string;
  readonly location: string;
}

/** Rows without references that were found, and are done away with, in slices, once no reader is in an epoch before `seq`. */
interface Found<T> {
  readonly seq: number;
  readonly rows: readonly T[];
}

export class Reaper {
  readonly #options: ReaperOptions;
  /** To be marked and deleted. */
  #found: Found<Doomed> | undefined;
  /** To be taken apart. */
  #manifests: Found<number> | undefined;
  #deletedTotal = 0;

  constructor(options: ReaperOptions) {
    this.#options = options;
  }

  get deletedTotal(): number {
    return this.#deletedTotal;
  }

  /**
   * One slice of work. Resolves to whether there is more to do at once. Rejects when the catalog has stopped, and when
   * bytes could not be deleted: those of all others were then, and these are tried again by a later step.
   */
  async step(): Promise<boolean> {
    const manifests = this.#takeManifestsApart();
    this.#found ??= this.#find();
    if (this.#found === undefined) return manifests;
    const { seq, rows: found } = this.#found;
    if (!this.#options.epochs.passed(seq)) return manifests;
    const blobs = this.#mark(found.slice(0, SLICE));
    // Those of the slice that stay are still marked in the catalog, and found there again.
    this.#found = found.length > SLICE ? { seq, rows: found.slice(SLICE) } : undefined;
    const deleted: Doomed[] = [];
    let failure: Error | undefined;
    const waiting = blobs.values();
    const work = async (): Promise<void> => {
      for (const blob of waiting) {
        try {
          await this.#options.deleteBlob(blob);
          deleted.push(blob);
        } catch (error) {
          failure ??= error as Error;
        }
      }
    };
    await Promise.all(Array.from({ length: DELETIONS_AT_ONCE }, work));
    this.#options.queue.transact(({ sql }) => {
      for (const { id } of deleted) {
        sql.checks.delete.run(id);
        sql.checks.clearDamage.run(id);
        sql.deleteBlob.run(id);
      }
    });
    this.#deletedTotal += deleted.length;
    this.#options.queue.retryWaiting();
    if (failure !== undefined) throw failure;
    return true;
  }

  #takeManifestsApart(): boolean {
    const { queue, epochs } = this.#options;
    this.#manifests ??= this.#findManifests();
    if (this.#manifests === undefined) return false;
    const { seq, rows: ids } = this.#manifests;
    if (!epochs.passed(seq)) return false;
    const left = queue.transact(({ sql }) => takeApart(sql, ids));
    this.#manifests = left.length === 0 ? undefined : { seq, rows: left };
    return true;
  }

  #findManifests(): Found<number> | undefined {
    const found = this.#options.queue.sql.unreferencedManifests.all(FOUND_MAX) as unknown as { id: number }[];
    return this.#awaitReaders(found.map(({ id }) => id));
  }

  #find(): Found<Doomed> | undefined {
    const blobs = this.#unreferenced();
    this.#options.queue.pins.watch(blobs.map(({ id }) => id));
    return this.#awaitReaders(blobs);
  }

  #awaitReaders<T>(rows: readonly T[]): Found<T> | undefined {
    if (rows.length === 0) return undefined;
    // A sequence number of its own: readers that enter after this commit are in a later epoch than those before it.
    return { seq: this.#options.queue.transact(({ nextSequence }) => nextSequence()), rows };
  }

  /** @returns those that nobody has asked for since they were found: no reader can have seen them since */
  #mark(found: readonly Doomed[]): Doomed[] {
    const { queue } = this.#options;
    const doomed = found.filter(({ id }) => queue.pins.isUntouched(id));
    queue.transact(({ sql }) => {
      for (const { id } of doomed) sql.markDeleting.run(id);
    });
    return doomed;
  }

  /** Walks past reserved blobs: at most as many as there are uploads being finished. */
  #unreferenced(): Doomed[] {
    const { queue } = this.#options;
    const doomed: Doomed[] = [];
    let after = 0;
    for (;;) {
      const rows = queue.sql.unreferencedBlobs.all(after, FOUND_MAX) as unknown as (Doomed & {
        state: number;
      })[];
      for (const row of rows) {
        if (row.state === BLOB_STATE.deleting || !queue.pins.has(row.id)) doomed.push(row);
      }
      const last = rows.at(-1);
      if (doomed.length > 0 || last === undefined || rows.length < FOUND_MAX) return doomed;
      after = last.id;
    }
  }
}

/** A slice of them, each from its beginning. @returns those that are left, the first of them perhaps begun */
function takeApart(sql: WriteStatements, ids: readonly number[]): readonly number[] {
  let room = EXTENTS_SLICE;
  for (const [index, id] of ids.slice(0, SLICE).entries()) {
    room -= purgeExtents(sql, id, room);
    if (room === 0) return ids.slice(index);
  }
  return ids.slice(SLICE);
}
