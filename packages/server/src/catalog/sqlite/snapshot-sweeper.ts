/**
 * Removes, in slices, what is left of deleted snapshots and of forks that were given up. Of the retired rows of a bucket
 * those go that none of its snapshots shows any more; the row of a deleted snapshot goes after a whole pass that began
 * after it was marked, so that a restart in between begins the pass again.
 */

import { abandonForks } from './mutations/forks.ts';
import { purgeManifest } from './purge.ts';
import type { WriteQueue } from './write-queue.ts';
import { manifestOfRemoved } from './rows.ts';
import type { KeyInBucket } from './rows.ts';
import type { WriteStatements } from './write-statements.ts';

/** Rows a transaction: a few milliseconds of the writer's time. */
const SLICE = 200;

interface RetiredRow {
  readonly key: string;
  readonly seq: number;
  readonly since: number;
  readonly retiredSeq: number;
}

interface Pass {
  readonly bucket: number;
  /** Rows of snapshots that were marked before it began. */
  readonly deleting: readonly string[];
  /** The row that it has come to. */
  readonly last: RetiredRow | undefined;
}

export class SnapshotSweeper {
  readonly #queue: WriteQueue;
  #pass: Pass | undefined;

  /** At a start: no fork has outlived the process that made it. */
  constructor(queue: WriteQueue) {
    this.#queue = queue;
    queue.transact((context) => abandonForks(context));
  }

  /** One slice of work. Returns whether there is more to do at once; throws when the catalog has stopped. */
  step(): boolean {
    const { sql } = this.#queue;
    const abandoned = sql.snapshots.abandoned.get() as { id: number } | undefined;
    if (abandoned !== undefined) {
      this.#queue.transact(() => removeVersions(sql, abandoned.id));
      return true;
    }
    const pass = this.#pass ?? this.#begin();
    if (pass === undefined) return false;
    // Should the slice fail, what it removed is there again: the pass begins anew.
    this.#pass = undefined;
    const last = this.#queue.transact(() => sweep(sql, pass));
    if (last !== undefined) this.#pass = { ...pass, last };
    return true;
  }

  #begin(): Pass | undefined {
    const { sql } = this.#queue;
    const found = sql.snapshots.deleting.get() as { bucket: number } | undefined;
    if (found === undefined) return undefined;
    const { bucket } = found;
    const deleting = sql.snapshots.deletingOf.all(bucket).map((row) => row['name'] as string);
    return { bucket, deleting, last: undefined };
  }
}

/** A slice of the pass. @returns the row that it has come to; undefined: it is over */
function sweep(sql: WriteStatements, { bucket, deleting, last }: Pass): RetiredRow | undefined {
  const { firstRetired, nextRetired, numbers, deleteRetired, deleteRow } = sql.snapshots;
  const snapshots = numbers.all(bucket).map((row) => row['seq'] as number);
  const isShown = ({ since, retiredSeq }: RetiredRow): boolean =>
    snapshots.some((seq) => seq >= since && seq < retiredSeq);
  const rows = (last === undefined
    ? firstRetired.all(bucket, SLICE)
    : nextRetired.all(bucket, last.key, last.seq, last.since, SLICE)) as unknown as RetiredRow[];
  for (const row of rows) {
    const { key, seq, since } = row;
    if (!isShown(row)) purge(sql, { bucket, key }, deleteRetired.get(bucket, key, seq, since));
  }
  if (rows.length === SLICE) return rows.at(-1);
  for (const name of deleting) deleteRow.run(bucket, name);
  return undefined;
}

/** A slice of an abandoned fork; the last one takes the bucket. */
function removeVersions(sql: WriteStatements, bucket: number): void {
  const { firstVersions, deleteVersion } = sql.snapshots;
  const rows = firstVersions.all(bucket, SLICE) as unknown as {
    place: number;
    key: string;
    seq: number;
    since: number;
  }[];
  for (const { place, key, seq, since } of rows)
    purge(sql, { bucket, key }, deleteVersion.get(bucket, place, key, seq, since));
  if (rows.length < SLICE) sql.buckets.delete.run(bucket);
}

function purge(sql: WriteStatements, at: KeyInBucket, row: unknown): void {
  const manifest = manifestOfRemoved(at, row);
  if (manifest !== null) purgeManifest(sql, manifest);
}
