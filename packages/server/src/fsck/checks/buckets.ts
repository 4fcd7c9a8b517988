/** Buckets and their snapshots, and that no number was used that the counter has not drawn. */

import { BUCKET_STATE, SNAPSHOT_STATE, VERSIONING } from '../../catalog/sqlite/schema.ts';
import { rowIsWhole } from '../../catalog/sqlite/table-sums.ts';
import type { FsckContext } from '../context.ts';

interface BucketRow {
  readonly id: number;
  readonly name: string;
  readonly scope: number;
  readonly versioning: number;
  readonly state: number;
  readonly snapshotSeq: number;
  readonly newestSnapshot: number;
  readonly whole: number;
}

interface SnapshotRow {
  readonly bucket: number;
  readonly bucketName: string | null;
  readonly name: string;
  readonly seq: number;
  readonly state: number;
  readonly whole: number;
}

const STATES: ReadonlySet<number> = new Set(Object.values(BUCKET_STATE));
const VERSIONINGS: ReadonlySet<number> = new Set(Object.values(VERSIONING));

export async function checkBuckets({ db, slices, findings }: FsckContext): Promise<void> {
  const { checked } = findings;
  findings.phase = 'buckets';
  const page = db.prepare(`SELECT id, name, scope, versioning, state, snapshot_seq AS snapshotSeq,
      ${rowIsWhole('buckets', 'b')} AS whole, coalesce((SELECT max(seq) FROM snapshots s WHERE s.bucket = b.id AND s.state <> ${SNAPSHOT_STATE.deleting}), 0) AS newestSnapshot
    FROM buckets b WHERE id > ? ORDER BY id LIMIT 100`);
  await slices.walk((after) => {
    const rows = page.all(after) as unknown as BucketRow[];
    for (const { name, versioning, state, snapshotSeq, newestSnapshot, whole } of rows) {
      checked.buckets++;
      if (whole !== 1)
        findings.problem('row-damaged', 'The row of the bucket is not what was written.', { bucket: name });
      if (!STATES.has(state) || !VERSIONINGS.has(versioning))
        findings.problem('catalog-damaged', 'The row of the bucket has values that mean nothing.', {
          bucket: name,
        });
      // More than the newest keeps too much; less loses what a snapshot shows.
      if (snapshotSeq !== newestSnapshot)
        findings.problem(
          'snapshot',
          `The bucket keeps what its snapshots show up to ${snapshotSeq}, and its newest is of ${newestSnapshot}.`,
          { bucket: name },
        );
    }
    return rows.at(-1)?.id;
  });
  const snapshots = db.prepare(`SELECT s.bucket, b.name AS bucketName, s.name, s.seq, s.state,
      ${rowIsWhole('snapshots', 's')} AS whole
    FROM snapshots s LEFT JOIN buckets b ON b.id = s.bucket`);
  const counter = counterOf(db);
  await slices.read(() => {
    const newest = counter();
    for (const row of snapshots.iterate() as Iterable<unknown>) {
      const { bucket, bucketName, name, seq, state, whole } = row as SnapshotRow;
      checked.snapshots++;
      const where = { bucket: bucketName ?? `#${bucket}`, snapshot: name };
      if (whole !== 1)
        findings.problem('row-damaged', 'The row of the snapshot is not what was written.', where);
      // What a deleted one has left may outlast its bucket.
      if (bucketName === null && state !== SNAPSHOT_STATE.deleting)
        findings.problem('bucket-missing', 'The bucket of a snapshot is not there.', where);
      if (seq > newest)
        findings.problem('sequence', `The snapshot is of ${seq}, and the counter at ${newest}.`, where);
    }
  });
}

/** Every table whose rows are numbered by the counter. */
const NUMBERED = {
  buckets: 'id',
  manifests: 'id',
  blobs: 'id',
  uploads: 'id',
  feed: 'seq',
} as const;

/** Those of versions and parts are looked at with their rows. */
export async function checkCounter({ db, slices, findings }: FsckContext): Promise<void> {
  const counter = counterOf(db);
  const newestOf = Object.entries(NUMBERED).map(([table, column]) => ({
    table,
    statement: db.prepare(`SELECT coalesce(max(${column}), 0) AS newest FROM ${table}`),
  }));
  await slices.read(() => {
    const drawn = counter();
    for (const { table, statement } of newestOf) {
      const { newest } = statement.get() as { newest: number };
      if (newest > drawn)
        findings.problem(
          'sequence',
          `The newest of ${table} is number ${newest}, and the counter at ${drawn}.`,
        );
    }
  });
}

/** The newest number drawn. */
export function counterOf(db: FsckContext['db']): () => number {
  const statement = db.prepare("SELECT value FROM meta WHERE name = 'sequence'");
  return () => (statement.get() as { value: number } | undefined)?.value ?? 0;
}

/** Of a catalog that does not say it (the first ones of format 3): what was never given a sum is not missed. */
export function summedAfterIn(db: FsckContext['db']): number {
  const row = db.prepare("SELECT value FROM meta WHERE name = 'summed_after'").get();
  return (row as { value: number } | undefined)?.value ?? Number.MAX_SAFE_INTEGER;
}
