/**
 * The tables of the SQLite catalog, their version, and the settings chosen before the first table. docs/on-disk-format.md
 * explains every column; change both together, with a migration.
 */

import type { DatabaseSync } from 'node:sqlite';
import { defineRowSums, extentSum } from './row-sums.ts';
import { tableSum } from './table-sums.ts';

/** `PRAGMA application_id`: "Cstn". A database of something else is refused. */
export const APPLICATION_ID = 0x4373746e;

/** `PRAGMA user_version` and the format of the data directory. */
export const FORMAT_VERSION = 3;

/**
 * Where a version stands. Listings of current objects walk only the first place, whatever the history holds: a delete
 * marker is noncurrent also while it is the latest of its key. Only snapshots reach what is retired.
 */
export const PLACE = { current: 0, noncurrent: 1, retired: 2 } as const;

/**
 * Before a parameter. Compared with the parameter itself, a column that the condition of a partial index names has SQLite
 * compile the statement again for each new value: 9 µs for each version that is replaced.
 */
export const PLACE_IS = 'place = +';

export const BLOB_STATE = { pending: 0, live: 1, deleting: 2 } as const;

/** Nobody sees a fork that is being made, nor what is left of one that failed. */
export const BUCKET_STATE = { there: 0, forking: 1, removing: 2 } as const;

/** One that is holding keeps the source of a fork as it is; of one being deleted only its garbage is left. */
export const SNAPSHOT_STATE = { there: 0, holding: 1, deleting: 2 } as const;

export const VERSIONING = { never: 0, enabled: 1, suspended: 2 } as const;

export const UPLOAD_STATE = { open: 0, complete: 1, aborted: 2 } as const;

export const FEED_KIND = {
  put: 1,
  delete: 2,
  copy: 3,
  deleteMarker: 4,
  deleteVersion: 5,
  tags: 6,
  append: 7,
  renamedAway: 8,
  renamedTo: 9,
  restore: 10,
  complete: 11,
  bucketCreated: 16,
  bucketDeleted: 17,
  bucketChanged: 18,
  snapshotMade: 19,
  snapshotDeleted: 20,
} as const;

/** Measured on 4 KiB inline objects: see docs/decisions/003. Fixed at creation. */
const PAGE_SIZE = 4096;

/** Of blocks: a row of 1 KiB is of 32 MiB. Who reads a range reads the rows of its blocks, and no more. */
export const CHECKS_IN_ROW = 256;

const TABLES = `
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE buckets (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  region TEXT NOT NULL,
  scope INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  versioning INTEGER NOT NULL DEFAULT 0,
  tags TEXT,
  snapshot_seq INTEGER NOT NULL DEFAULT 0,
  state INTEGER NOT NULL DEFAULT 0,
  sum INTEGER
) STRICT;
CREATE UNIQUE INDEX buckets_by_owner ON buckets (owner, name);

CREATE TABLE versions (
  bucket INTEGER NOT NULL,
  place INTEGER NOT NULL,
  key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  since INTEGER NOT NULL,
  retired_seq INTEGER,
  is_null INTEGER NOT NULL,
  delete_marker INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  size INTEGER NOT NULL,
  etag TEXT NOT NULL,
  storage_class TEXT NOT NULL,
  owner TEXT NOT NULL,
  manifest INTEGER,
  extents INTEGER NOT NULL,
  parts INTEGER NOT NULL,
  checksum_algorithm TEXT,
  checksum_value TEXT,
  tags TEXT,
  attributes TEXT NOT NULL,
  restored_until_ms INTEGER,
  sum INTEGER,
  PRIMARY KEY (bucket, place, key, seq DESC, since)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX versions_null ON versions (bucket, key) WHERE place = 1 AND is_null = 1;

CREATE TABLE snapshots (
  bucket INTEGER NOT NULL,
  name TEXT NOT NULL,
  seq INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  state INTEGER NOT NULL,
  sum INTEGER,
  PRIMARY KEY (bucket, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE manifests (
  id INTEGER PRIMARY KEY,
  refs INTEGER NOT NULL,
  extents INTEGER NOT NULL,
  size INTEGER NOT NULL
) STRICT;
CREATE INDEX manifests_unreferenced ON manifests (id) WHERE refs = 0;

CREATE TABLE extents (
  manifest INTEGER NOT NULL,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  blob INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  sum INTEGER,
  PRIMARY KEY (manifest, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE uploads (
  id INTEGER PRIMARY KEY,
  bucket INTEGER NOT NULL,
  key TEXT NOT NULL,
  state INTEGER NOT NULL,
  live INTEGER NOT NULL,
  initiated_ms INTEGER NOT NULL,
  active_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  owner TEXT NOT NULL,
  initiator TEXT NOT NULL,
  storage_class TEXT NOT NULL,
  attributes TEXT NOT NULL,
  tags TEXT,
  checksum_algorithm TEXT,
  checksum_type TEXT,
  version_seq INTEGER,
  etag TEXT,
  checksum_value TEXT,
  part_list BLOB,
  sum INTEGER
) STRICT;
CREATE INDEX uploads_open ON uploads (bucket, key, id) WHERE state = 0;
CREATE INDEX uploads_past ON uploads (bucket, key, id) WHERE state <> 0;
CREATE INDEX uploads_idle ON uploads (active_ms) WHERE state = 0;
CREATE INDEX uploads_ended ON uploads (ended_ms) WHERE state <> 0;

CREATE TABLE parts (
  manifest INTEGER NOT NULL,
  number INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  size INTEGER NOT NULL,
  etag TEXT NOT NULL,
  extents INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  checksum_value TEXT,
  sum INTEGER,
  PRIMARY KEY (manifest, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
  id INTEGER PRIMARY KEY,
  scope INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  state INTEGER NOT NULL,
  refs INTEGER NOT NULL,
  codec INTEGER NOT NULL,
  logical INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  location TEXT,
  tier TEXT NOT NULL DEFAULT '',
  frames BLOB,
  sum INTEGER,
  data BLOB
) STRICT;
CREATE UNIQUE INDEX blobs_by_hash ON blobs (scope, tier, codec, sha256) WHERE location IS NOT NULL;
CREATE INDEX blobs_unreferenced ON blobs (id) WHERE refs = 0;
CREATE INDEX blobs_by_tier ON blobs (tier) WHERE tier <> '';

CREATE TABLE blob_checks (
  blob INTEGER NOT NULL,
  first INTEGER NOT NULL,
  sums BLOB NOT NULL,
  PRIMARY KEY (blob, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE damage (
  blob INTEGER PRIMARY KEY,
  found_ms INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT;

CREATE TABLE rename_tokens (
  bucket INTEGER NOT NULL,
  token TEXT NOT NULL,
  request BLOB NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (bucket, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX rename_tokens_by_age ON rename_tokens (at_ms);

CREATE TABLE feed (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  key TEXT,
  size INTEGER,
  etag TEXT,
  version INTEGER,
  sum INTEGER
) STRICT;

INSERT INTO meta VALUES ('sequence', 0), ('summed_after', 0), ('age_ms', CAST(1000 * unixepoch('subsec') AS INTEGER));
`;

/** SQL, by table: gives every row the sum of what it says. Needs the functions of `defineRowSums` and `defineTableSums`. */
export const SUM_ROWS = {
  extents: `UPDATE extents SET sum = ${extentSum({ manifest: 'manifest', start: 'start', length: 'length', blob: 'blob', offset: '"offset"' })};`,
  versions: `UPDATE versions SET sum = version_sum(key, seq, since, size, etag, modified_ms, storage_class, manifest, extents, parts,
    checksum_algorithm, checksum_value, tags, attributes, is_null, delete_marker, bucket, owner, restored_until_ms, retired_seq);`,
  buckets: `UPDATE buckets SET sum = ${tableSum('buckets')};`,
  snapshots: `UPDATE snapshots SET sum = ${tableSum('snapshots')};`,
  uploads: `UPDATE uploads SET sum = ${tableSum('uploads')};`,
  parts:
    'UPDATE parts SET sum = part_sum(manifest, number, seq, size, etag, extents, modified_ms, checksum_value);',
};

/**
 * What is common to the ways from formats 1 and 2, in which nothing had sums. Those of blobs are of their bytes, and are
 * made by the scrub: until then they are read as they are.
 */
const SUMS = `
ALTER TABLE buckets ADD COLUMN sum INTEGER;
ALTER TABLE extents ADD COLUMN sum INTEGER;
ALTER TABLE blobs ADD COLUMN sum INTEGER;
ALTER TABLE feed ADD COLUMN sum INTEGER;
${['TABLE blob_checks', 'TABLE damage'].map(statementThatCreates).join('\n')}
INSERT OR REPLACE INTO meta SELECT 'summed_after', value FROM meta WHERE name = 'sequence';
${Object.values(SUM_ROWS).join('\n')}
`;

const FROM_2 = `
ALTER TABLE versions ADD COLUMN sum INTEGER;
ALTER TABLE parts ADD COLUMN sum INTEGER;
ALTER TABLE snapshots ADD COLUMN sum INTEGER;
ALTER TABLE uploads ADD COLUMN sum INTEGER;
${SUMS}
`;

/**
 * From format 1, in which every version was a current null one and nothing was multipart. The rest of its tables is
 * as it was; the columns that came are at the end, so that both ways lead to the same tables. Of blobs a new table has
 * the bytes last: what follows them is on the last page that they overflow to, and is read from there.
 */
const FROM_1 = `
ALTER TABLE buckets ADD COLUMN versioning INTEGER NOT NULL DEFAULT 0;
ALTER TABLE buckets ADD COLUMN tags TEXT;
ALTER TABLE buckets ADD COLUMN snapshot_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE buckets ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE blobs ADD COLUMN tier TEXT NOT NULL DEFAULT '';
ALTER TABLE blobs ADD COLUMN frames BLOB;
DROP INDEX blobs_by_hash;
ALTER TABLE feed ADD COLUMN version INTEGER;
ALTER TABLE versions RENAME TO versions_1;
${[
  'TABLE versions',
  'UNIQUE INDEX versions_null',
  'TABLE snapshots',
  'TABLE uploads',
  'INDEX uploads_open',
  'INDEX uploads_past',
  'INDEX uploads_idle',
  'INDEX uploads_ended',
  'TABLE parts',
  'UNIQUE INDEX blobs_by_hash',
  'INDEX blobs_by_tier',
  'TABLE rename_tokens',
  'INDEX rename_tokens_by_age',
]
  .map(statementThatCreates)
  .join('\n')}
INSERT INTO versions
  SELECT bucket, place, key, seq, seq, retired_seq, is_null, delete_marker, modified_ms, size, etag, storage_class, owner,
    manifest, extents, 0, checksum_algorithm, checksum_value, tags, attributes, NULL, NULL
  FROM versions_1 ORDER BY bucket, place, key;
DROP TABLE versions_1;
${SUMS}
`;

/** That of TABLES, so that it stands in one place. */
function statementThatCreates(name: string): string {
  const start = TABLES.indexOf(`CREATE ${name} `);
  return TABLES.slice(start, TABLES.indexOf(';\n', start) + 1);
}

/**
 * Creates the tables in an empty database, brings those of an older format to this one, in one transaction, or checks
 * that they are of this one. Call on the writing connection.
 */
export function prepareSchema(db: DatabaseSync, path: string): void {
  const applicationId = readPragma(db, 'application_id');
  const version = readPragma(db, 'user_version');
  if (applicationId === 0 && version === 0 && isEmpty(db)) {
    db.exec(`PRAGMA page_size = ${PAGE_SIZE}; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;`);
    db.exec(`PRAGMA synchronous = FULL; BEGIN IMMEDIATE; ${TABLES}
      PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT_VERSION}; COMMIT;`);
    return;
  }
  if (applicationId !== APPLICATION_ID) {
    throw new Error(`${path} is not a Cistern catalog. Choose another data directory with --data.`);
  }
  if (version > FORMAT_VERSION) {
    throw new Error(
      `${path} has format ${version}, and this Cistern knows formats up to ${FORMAT_VERSION}. ` +
        'It was written by a newer version: upgrade Cistern to open it. Nothing was changed.',
    );
  }
  const way = { 1: FROM_1, 2: FROM_2 }[version];
  if (way !== undefined) {
    defineRowSums(db);
    db.exec(
      `PRAGMA synchronous = FULL; BEGIN IMMEDIATE; ${way} PRAGMA user_version = ${FORMAT_VERSION}; COMMIT;`,
    );
  }
}

/** Not by page count: a crash may have left the header page of a database that was being made. */
function isEmpty(db: DatabaseSync): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}

export function readPragma(db: DatabaseSync, name: string): number {
  const row = db.prepare(`PRAGMA ${name}`).get();
  const value = row === undefined ? undefined : Object.values(row)[0];
  if (typeof value !== 'number') throw new Error(`PRAGMA ${name} gave no number`);
  return value;
}
