/** Which databases are opened, and that those that are not stay as they were. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { checkSqliteVersion, DATABASE_FILE, openWriter } from './connection.ts';
import { inline, publication } from '../requests.fixtures.ts';
import { begin, complete, send } from '../upload-requests.fixtures.ts';
import { FORMAT_1 } from './format-1.fixtures.ts';
import { APPLICATION_ID, FORMAT_VERSION, readPragma } from './schema.ts';
import { count, openSqliteStore, temporaryDirectory } from './sqlite-store.testing.ts';

/** A database made by `sql`, closed. */
function database(t: TestContext, sql: string): { directory: string; path: string } {
  const directory = temporaryDirectory(t);
  const path = join(directory, DATABASE_FILE);
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
  return { directory, path };
}

/** That opening it fails with the message, and that neither the file nor the directory is changed by it. */
function assertRefused({ directory, path }: { directory: string; path: string }, message: RegExp): void {
  const before = readFileSync(path);
  const files = readdirSync(directory);
  assert.throws(() => openWriter(path), message);
  assert.deepEqual(readdirSync(directory), files);
  assert.ok(before.equals(readFileSync(path)));
}

test('a new database has its format written on it, and is opened again as it was left', async (t) => {
  const directory = temporaryDirectory(t);
  const first = openSqliteStore(t, { directory });
  const made = await first.catalog.createBucket({ name: 'photos', owner: 'alice', region: 'us-east-1' });
  first.crash();
  const second = openSqliteStore(t, { directory });
  assert.equal(readPragma(second.db, 'application_id'), APPLICATION_ID);
  assert.equal(readPragma(second.db, 'user_version'), FORMAT_VERSION);
  assert.deepEqual({ ...(await second.catalog.findBucket('photos')) }, made);
});

test('a commit is synced, and the log is not moved behind the writer’s back', (t) => {
  const { db } = openSqliteStore(t);
  assert.equal(db.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
  assert.equal(readPragma(db, 'synchronous'), 2);
  assert.equal(readPragma(db, 'fullfsync'), 1);
  assert.equal(readPragma(db, 'checkpoint_fullfsync'), 1);
  assert.equal(readPragma(db, 'wal_autocheckpoint'), 0);
});

test('a database of a newer format is refused with what to do, and left as it is', (t) => {
  const newer = database(
    t,
    `CREATE TABLE meta (x); PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT_VERSION + 1};`,
  );
  assertRefused(newer, /format 4.*formats up to 3.*upgrade Cistern/s);
});

test('a database of format 1 has the tables of this one after it was opened, and what was in it', async (t) => {
  const { directory } = database(t, FORMAT_1);
  const store = openSqliteStore(t, { directory });
  assert.equal(readPragma(store.db, 'user_version'), FORMAT_VERSION);
  const bucket = await store.catalog.findBucket('photos');
  assert.deepEqual(bucket, { ...MIGRATED_BUCKET });
  const open = await store.catalog.openVersion(1, 'k');
  assert.equal(open?.version.seq, 2);
  const [extent] = (await open?.extents(0, 5)) ?? [];
  assert.equal(Buffer.from(extent?.data ?? []).toString(), 'hello');
  for (const table of ['versions', 'extents', 'buckets'])
    assert.equal(count(store.db, `SELECT count(*) FROM ${table} WHERE sum IS NULL`), 0);
  open?.release();
  assert.deepEqual(shape(store.db), shape(openSqliteStore(t).db));
  // It goes on as it should: the next number is free.
  const { seq } = await store.catalog.publishVersion(publication({ bucket: 1, key: 'k' }));
  assert.equal(seq, 3);
  assert.equal(count(store.db, 'PRAGMA integrity_check').toString(), 'ok');
});

test('a database of format 2 has the sums of this one after it was opened, and what was in it', async (t) => {
  const directory = temporaryDirectory(t);
  const first = openSqliteStore(t, { directory });
  const { id } = await first.catalog.createBucket({ name: 'photos', owner: 'alice', region: 'us-east-1' });
  const content = { size: 5, etag: 'e', content: inline('hello').content };
  await first.catalog.publishVersion(publication({ bucket: id, key: 'k', ...content }));
  await first.catalog.appendVersion({ ...publication({ bucket: id, key: 'k', ...content }), offset: 5 });
  const tables = ['versions', 'extents', 'parts', 'buckets', 'snapshots', 'uploads'];
  await first.catalog.snapshots.create(id, 'monday');
  const { upload } = await begin(first.catalog, { bucket: id, key: 'multipart' });
  await send(first.catalog, { bucket: id, key: 'multipart', upload }, 1, 'part');
  await complete(first.catalog, { bucket: id, key: 'multipart', upload });
  await begin(first.catalog, { bucket: id, key: 'open' });
  await first.catalog.setBucketTags(id, '[["a","b"]]');
  const sums = tables.map((table) => first.db.prepare(`SELECT sum FROM ${table}`).all());
  // The tables of format 2.
  for (const table of [...tables, 'blobs', 'feed']) first.db.exec(`ALTER TABLE ${table} DROP COLUMN sum`);
  first.db.exec(
    "DROP TABLE blob_checks; DROP TABLE damage; DELETE FROM meta WHERE name <> 'sequence'; PRAGMA user_version = 2",
  );
  first.crash();
  const { db, catalog } = openSqliteStore(t, { directory });
  assert.equal(readPragma(db, 'user_version'), FORMAT_VERSION);
  assert.deepEqual(shape(db), shape(openSqliteStore(t).db));
  // They are what a writer of this format has given them.
  assert.deepEqual(
    tables.map((table) => db.prepare(`SELECT sum FROM ${table}`).all()),
    sums,
  );
  const open = await catalog.openVersion(id, 'k');
  const extents = (await open?.extents(0, 10)) ?? [];
  open?.release();
  assert.equal(extents.map(({ data }) => Buffer.from(data ?? []).toString()).join(''), 'hellohello');
});

const MIGRATED_BUCKET = {
  id: 1,
  name: 'photos',
  owner: 'alice',
  region: 'us-east-1',
  scope: 1,
  createdMs: 1000,
  versioning: 'never',
  tags: null,
  asOf: null,
};

/** Columns of all tables and indexes; a table that is younger may have its own in another order. */
function shape(db: DatabaseSync): unknown {
  const names = db
    .prepare("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
    .all();
  return names.map(({ type, name }) => ({
    type,
    name,
    columns: db
      .prepare(
        type === 'table'
          ? 'SELECT name, type, "notnull", pk FROM pragma_table_info(?) ORDER BY name'
          : 'SELECT name, "desc" FROM pragma_index_xinfo(?)',
      )
      .all(name as string),
  }));
}

test('a newer format that still has a log beside it is refused, and the log is kept', (t) => {
  const store = openSqliteStore(t);
  store.db.exec(`PRAGMA user_version = ${FORMAT_VERSION + 1}`);
  const log = readFileSync(`${store.path}-wal`);
  assert.throws(() => openWriter(store.path), /newer version/);
  assert.ok(log.equals(readFileSync(`${store.path}-wal`)));
});

test('a database of something else is refused and left as it is', (t) => {
  const other = /not a Cistern catalog/;
  assertRefused(database(t, 'CREATE TABLE notes (x); INSERT INTO notes VALUES (1);'), other);
  assertRefused(database(t, 'CREATE TABLE notes (x); PRAGMA application_id = 1234;'), other);
  assertRefused(database(t, 'PRAGMA user_version = 3;'), other);
});

test('a file that is no database is refused and left as it is', (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, DATABASE_FILE);
  writeFileSync(path, 'Dear diary, '.repeat(1000));
  assertRefused({ directory, path }, /file is not a database/);
});

test('a database that a crash left without tables is made anew', (t) => {
  const { path } = database(t, 'PRAGMA journal_mode = WAL;');
  const db = openWriter(path);
  t.after(() => db.close());
  assert.equal(count(db, "SELECT value FROM meta WHERE name = 'sequence'"), 0);
});

test('a new database knows when it was made: a start with a clock that is ahead tells it by that', (t) => {
  const before = Date.now();
  const db = openWriter(database(t, '').path);
  t.after(() => db.close());
  const made = count(db, "SELECT value FROM meta WHERE name = 'age_ms'");
  assert.ok(made >= before - 1 && made <= Date.now(), `${made}`);
});

test('versions of SQLite that can lose a write are refused', () => {
  for (const version of ['3.51.3', '3.51.10', '3.52.0', '4.0.0']) checkSqliteVersion(version);
  for (const version of ['3.51.2', '3.50.9', '2.99.99', '3.51', '0']) {
    assert.throws(() => checkSqliteVersion(version), /can lose acknowledged writes/, version);
  }
});
