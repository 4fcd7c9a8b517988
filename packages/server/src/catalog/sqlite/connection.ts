/**
 * Opening the catalog's database: one writing connection, any number of reading ones. Reads are single statements that
 * end before the next tick, so that no reader holds a snapshot that keeps the write-ahead log from being reset.
 */

import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { checkLog } from './log-check.ts';
import { prepareSchema } from './schema.ts';
import { SQLITE, sqliteCode } from './sqlite-errors.ts';
import { defineTableSums } from './table-sums.ts';

export const DATABASE_FILE = 'catalog.db';

/** Earlier versions can lose a write of the write-ahead log when a checkpoint races with a commit. */
const SQLITE_VERSION_MIN = [3, 51, 3] as const;

const SYNCS = 'PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;';

export function checkSqliteVersion(version: string = process.versions.sqlite ?? '0'): void {
  const parts = version.split('.').map(Number);
  for (const [i, least] of SQLITE_VERSION_MIN.entries()) {
    const part = parts[i] ?? 0;
    if (part > least) return;
    if (part < least) {
      throw new Error(
        `SQLite ${version} can lose acknowledged writes; ${SQLITE_VERSION_MIN.join('.')} or newer is needed. ` +
          'Run Cistern with a newer Node.js.',
      );
    }
  }
}

/**
 * Makes a database file that only its owner may read. SQLite itself would leave that to the umask, and its log and its
 * index of the log get the mode of the database. An existing file keeps its own.
 */
export function createPrivately(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
}

/** Creates the database when it is not there. Only the writer thread holds this connection. */
export function openWriter(path: string): DatabaseSync {
  checkSqliteVersion();
  createPrivately(path);
  checkLog(`${path}-wal`);
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false, timeout: 5000 });
  defineTableSums(db);
  // Before anything is written, so that a database of a newer format is refused untouched.
  prepareSchema(db, path);
  db.exec(`
    PRAGMA journal_mode = WAL;
    ${SYNCS}
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA cache_size = -16384;
    PRAGMA temp_store = MEMORY;
  `);
  // The log is there by now. SQLite syncs its entry in the directory, too, and goes on when that fails.
  syncDirectoryNow(dirname(path));
  return db;
}

function syncDirectoryNow(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** For checkpoints beside the writer: they sync the log before they read it, and the database after. */
export function openMover(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  db.exec(`${SYNCS} PRAGMA wal_autocheckpoint = 0;`);
  return db;
}

const DAMAGED: ReadonlySet<number | undefined> = new Set([SQLITE.corrupt, SQLITE.notADatabase]);

/** Why the catalog could not be opened, and what to do next. */
export function explainOpening(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!DAMAGED.has(sqliteCode(error))) return error.message;
  return (
    `${error.message}. The file is damaged, or is no catalog; nothing was changed. Restore it from a copy, together ` +
    `with the ${DATABASE_FILE}-wal of that copy or none, or choose another data directory with --data.`
  );
}

export function openReader(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, enableForeignKeyConstraints: false, timeout: 5000 });
  defineTableSums(db);
  db.exec('PRAGMA query_only = ON; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;');
  return db;
}
