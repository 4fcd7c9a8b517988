/**
 * A data directory with an object of every kind, made through the catalog where that can, and by its rows where what
 * makes them is not at hand in a test of one thread. Nothing is wrong with it: the damage is the test's.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

import { deletions, inline, publication, copyOf, sha256 } from '../catalog/requests.fixtures.ts';
import { openSqliteStore, temporaryDirectory } from '../catalog/sqlite/sqlite-store.testing.ts';
import type { SqliteStore } from '../catalog/sqlite/sqlite-store.testing.ts';
import { partSum } from '../catalog/sqlite/row-sums.ts';
import { runFsck } from './run-fsck.ts';
import type { FsckOptions } from './run-fsck.ts';
import type { FsckEvent, FsckReport } from './report.ts';
import { sumRows } from '../catalog/sqlite/sum-rows.testing.ts';

interface Cleanup {
  after(work: () => void): void;
}

export interface FilledStore extends SqliteStore {
  readonly directory: string;
  /** Of the bucket that never had versions. */
  readonly bucket: number;
  /** Path of the file of a text that was put. */
  readonly fileOf: (text: string, bucket?: number) => string;
  readonly putFile: (bucket: number, key: string, text: string) => Promise<void>;
  readonly check: (options?: Partial<FsckOptions>) => Promise<{ report: FsckReport; events: FsckEvent[] }>;
}

const PART_SPAN = 2 ** 33;

export function openFilledStore(t: Cleanup): FilledStore & { fill: () => Promise<void> } {
  const directory = temporaryDirectory(t);
  const store = openSqliteStore(t, { directory });
  mkdirSync(join(directory, 'blobs'));
  mkdirSync(join(directory, 'tmp'));
  const filled: FilledStore = {
    ...store,
    directory,
    bucket: 1,
    fileOf: (text, bucket = 1) => {
      const hex = Buffer.from(sha256(text)).toString('hex');
      return join(directory, 'blobs', String(bucket), hex.slice(0, 2), hex.slice(2, 4), hex);
    },
    putFile: (bucket, key, text) => putFile(store, { directory, bucket, key, text }),
    check: async (options = {}) => {
      const events: FsckEvent[] = [];
      const onEvent = (event: FsckEvent): void => void events.push(event);
      const report = await runFsck({ dataDir: directory, live: false, quick: false, onEvent, ...options });
      return { report, events };
    },
  };
  return { ...filled, fill: () => fill(filled) };
}

async function putFile(
  { catalog }: SqliteStore,
  { directory, bucket, key, text }: { directory: string; bucket: number; key: string; text: string },
): Promise<void> {
  const length = Buffer.byteLength(text);
  const { blob, location } = await catalog.reserveBlob({ scope: bucket, sha256: sha256(text), length });
  const path = join(directory, 'blobs', location);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  await catalog.publishVersion(publication({ bucket, key, size: length, content: { kind: 'blob', blob } }));
}

async function fill(store: FilledStore): Promise<void> {
  const { catalog, db, putFile: put } = store;
  const region = 'us-east-1';
  const { id: bucket } = await catalog.createBucket({ name: 'photos', owner: 'alice', region });
  await catalog.publishVersion(publication({ bucket, key: 'empty' }));
  await catalog.publishVersion(publication({ bucket, key: 'inline', ...inline('small') }));
  await put(bucket, 'file', 'one file');
  await put(bucket, 'same file', 'one file');
  await put(bucket, 'other', 'another file');
  const version = await catalog.findVersion(bucket, 'file');
  if (version === undefined) throw new Error('the object is not there');
  await catalog.copyVersion(copyOf({ bucket, version }, { bucket, key: 'copy' }));

  const { id: history } = await catalog.createBucket({ name: 'history', owner: 'alice', region });
  await put(history, 'null below', 'the null version');
  await catalog.setVersioning(history, 'enabled');
  for (const text of ['v1', 'v2', 'v3']) await put(history, 'null below', text);
  await put(history, 'deleted', 'deleted');
  await catalog.deleteVersions(history, deletions('deleted', 'never was'));
  // A snapshot, and what it shows retired by an overwrite and by a deletion.
  const { id: kept } = await catalog.createBucket({ name: 'kept', owner: 'alice', region });
  await put(kept, 'overwritten', 'as it was');
  await catalog.publishVersion(publication({ bucket: kept, key: 'removed', ...inline('gone since') }));
  const seq = number(db, "SELECT value FROM meta WHERE name = 'sequence'");
  db.prepare("INSERT INTO snapshots VALUES (?1, 'monday', ?2, 0, 0, row_sum(?1, 'monday', ?2, 0, 0))").run(
    kept,
    seq,
  );
  db.prepare('UPDATE buckets SET snapshot_seq = ? WHERE id = ?').run(seq, kept);
  await put(kept, 'overwritten', 'as it is');
  await catalog.deleteVersions(kept, deletions('removed'));
  addUploads(store, bucket);
}

/** An open upload of two parts, one of them in two runs of another object's bytes, and one that was completed. */
function addUploads({ db, queue }: FilledStore, bucket: number): void {
  const blob = number(
    db,
    `SELECT blob FROM extents WHERE manifest = (SELECT manifest FROM versions WHERE key = 'other')`,
  );
  const draw = (): number => queue.transact(({ nextSequence }) => nextSequence());
  const extent = db.prepare(
    'INSERT INTO extents (manifest, start, length, blob, offset) VALUES (?, ?, ?, ?, ?)',
  );
  const insertPart = db.prepare("INSERT INTO parts VALUES (?, ?, ?, ?, 'e', ?, 0, NULL, ?)");
  const part = (upload: number, index: number, size: number, extents: number): void => {
    const row = { number: index, seq: draw(), size, etag: 'e', extents, modifiedMs: 0, checksumValue: null };
    insertPart.run(upload, index, row.seq, size, extents, partSum(upload, row));
  };
  const upload =
    db.prepare(`INSERT INTO uploads (id, bucket, key, state, live, initiated_ms, active_ms, owner,
    initiator, storage_class, attributes) VALUES (?, ?, 'upload', ?, 0, 0, 0, 'alice', 'alice', 'STANDARD', '{}')`);
  const manifest = db.prepare('INSERT INTO manifests VALUES (?, 1, ?, ?)');

  const open = draw();
  upload.run(open, bucket, 0);
  manifest.run(open, 0, 0);
  part(open, 2, 7, 2);
  extent.run(open, 2 * PART_SPAN, 3, blob, 1);
  extent.run(open, 2 * PART_SPAN + 3, 4, blob, 0);
  part(open, 5, 12, 1);
  extent.run(open, 5 * PART_SPAN, 12, blob, 0);

  const complete = draw();
  upload.run(complete, bucket, 1);
  manifest.run(complete, 2, 20);
  part(complete, 1, 12, 1);
  part(complete, 4, 8, 1);
  extent.run(complete, 0, 12, blob, 0);
  extent.run(complete, 12, 8, blob, 0);
  const seq = draw();
  db.prepare(`INSERT INTO versions VALUES (?, 0, 'multipart', ?, ?, NULL, 1, 0, 0, 20, 'e-2', 'STANDARD', 'alice', ?, 2,
    2, NULL, NULL, NULL, '{}', NULL, NULL)`).run(bucket, seq, seq, complete);
  db.prepare('UPDATE blobs SET refs = refs + 5 WHERE id = ?').run(blob);
  sumRows(db, 'versions', 'extents', 'uploads');
}

function number(db: DatabaseSync, query: string): number {
  return Object.values(db.prepare(query).get() ?? {})[0] as number;
}
