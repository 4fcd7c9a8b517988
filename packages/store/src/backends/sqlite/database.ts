/**
 * The database file of a store: its format, and how it is opened. One connection reads and writes: a transaction begins and
 * ends within one turn of the event loop, so that no read of this process sees the middle of one.
 *
 * An object's row names its content; contents are immutable once published, counted, and never get an id again. The bytes
 * are in rows of their own, so that a listing does not walk over them.
 */

import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../../errors.ts';
import { fromSqlite } from './sqlite-errors.ts';

/** `PRAGMA application_id`: "CsSt". A database of something else is refused. */
const APPLICATION_ID = 0x43735374;
/** `PRAGMA user_version`. A newer one is refused, with nothing changed. */
const FORMAT = 1;

/**
 * Measured from 64 KiB to 1 MiB: writing is as fast with each (280 MB/s), reading with each faster than that. A smaller one
 * makes a short range cheaper, a larger one makes fewer rows.
 */
export const CHUNK_BYTES = 256 * 1024;

/** A chunk's row is numbered by its content and, in the lower bits, its place: 2^26 chunks a content, 2^37 contents. */
export const CHUNK_BITS = 26;

/**
 * 16 MiB: large values go through the log at twice the speed of the default. 4 KiB pages: with larger ones large values are
 * up to a half faster, and puts of small objects up to a half slower.
 */
const SETTINGS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA checkpoint_fullfsync = ON;
  PRAGMA wal_autocheckpoint = 4096;
  PRAGMA cache_size = -16384;
  PRAGMA temp_store = MEMORY;
`;

const TABLES = `
  CREATE TABLE objects (
    key TEXT PRIMARY KEY,
    content INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified_ms INTEGER NOT NULL,
    attributes TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE contents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- bytes of a run of chunks that begins with a chunk of its own: what an upload writes at once
    part_bytes INTEGER NOT NULL,
    -- bytes of every chunk of a part but its last
    chunk_bytes INTEGER NOT NULL,
    -- objects that have it, and the upload that writes it
    refs INTEGER NOT NULL,
    -- of what is published; NULL before
    size INTEGER,
    -- 1: written by an upload, whose readers may still be there
    uploaded INTEGER NOT NULL,
    -- with no refs: from when on it may be removed
    expires_ms INTEGER
  ) STRICT;
  CREATE INDEX contents_by_expiry ON contents (expires_ms) WHERE expires_ms IS NOT NULL;

  CREATE TABLE chunks (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

  CREATE TABLE uploads (
    content INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    attributes TEXT,
    started_ms INTEGER NOT NULL,
    -- counts those who took it over: only the last may write
    writer INTEGER NOT NULL,
    committed INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX uploads_by_key ON uploads (key, content);
`;

/** How long one call may wait for another process, in milliseconds: the event loop stands still meanwhile. */
const WAIT_MS = 50;

/**
 * Opens the database, and creates it when it is not there.
 *
 * @param path of the file; `:memory:` for none
 * @throws {StoreError} `Corrupt`, `Unsupported` for a newer format, `InvalidArgument` for a database of something else
 */
export function openDatabase(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { enableForeignKeyConstraints: false, timeout: 5000 });
    prepareFormat(db, path);
    db.exec(`${SETTINGS} PRAGMA busy_timeout = ${WAIT_MS};`);
    return db;
  } catch (error) {
    db?.close();
    throw fromSqlite(error, path, 'open');
  }
}

function prepareFormat(db: DatabaseSync, path: string): void {
  if (isOurs(db, path)) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have come first.
    if (!isOurs(db, path)) {
      db.exec(TABLES);
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT};`);
    }
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

/** @returns `false` for an empty database */
function isOurs(db: DatabaseSync, path: string): boolean {
  const application = pragma(db, 'application_id');
  const format = pragma(db, 'user_version');
  if (application === APPLICATION_ID) {
    if (format <= FORMAT) return true;
    throw new StoreError(
      'Unsupported',
      `The database ${path} has format ${format}, and this version of Cistern knows ${FORMAT}: use a newer one`,
      { operation: 'open' },
    );
  }
  const tables = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number };
  if (application === 0 && format === 0 && tables.n === 0) return false;
  throw new StoreError(
    'InvalidArgument',
    `The database ${path} belongs to something else: name another file`,
    {
      operation: 'open',
    },
  );
}

function pragma(db: DatabaseSync, name: 'application_id' | 'user_version'): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}
