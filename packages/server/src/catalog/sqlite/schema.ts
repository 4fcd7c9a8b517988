/**
 * The tables of the SQLite catalog, their version, and the settings chosen before the first table. docs/on-disk-format.md
 * explains every column; change both together, with a migration.
 */

import type { DatabaseSync } from 'node:sqlite';

/** `PRAGMA application_id`: "Cstn". A database of something else is refused. */
export const APPLICATION_ID = 0x4373746e;

/** `PRAGMA user_version` and the format of the data directory. */
export const FORMAT_VERSION = 1;

/** Where a version stands: listings of current objects walk only the first place, whatever the history holds. */
export const PLACE = { current: 0, noncurrent: 1, retired: 2 } as const;

export const BLOB_STATE = { pending: 0, live: 1, deleting: 2 } as const;

export const FEED_KIND = { put: 1, delete: 2, copy: 3, bucketCreated: 16, bucketDeleted: 17 } as const;

/** Measured on 4 KiB inline objects: see docs/decisions/003. Fixed at creation. */
const PAGE_SIZE = 4096;

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
  created_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX buckets_by_owner ON buckets (owner, name);

CREATE TABLE versions (
  bucket INTEGER NOT NULL,
  place INTEGER NOT NULL,
  key TEXT NOT NULL,
  seq INTEGER NOT NULL,
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
  checksum_algorithm TEXT,
  checksum_value TEXT,
  tags TEXT,
  attributes TEXT NOT NULL,
  PRIMARY KEY (bucket, place, key, seq)
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
  PRIMARY KEY (manifest, start)
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
  data BLOB
) STRICT;
CREATE UNIQUE INDEX blobs_by_hash ON blobs (scope, sha256) WHERE location IS NOT NULL;
CREATE INDEX blobs_unreferenced ON blobs (id) WHERE refs = 0;

CREATE TABLE feed (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  key TEXT,
  size INTEGER,
  etag TEXT
) STRICT;

INSERT INTO meta VALUES ('sequence', 0);
`;

/** Creates the tables in an empty database, or checks that an existing one is of this format. Call on the writing connection. */
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
