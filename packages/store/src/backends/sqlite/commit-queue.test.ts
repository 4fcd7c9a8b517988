/** Group commit over a real database: one sync for many, waiting for others, and what a full disk stops. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, suite, test } from 'node:test';
import { rejects } from '../../testing/context.ts';
import { CommitQueue } from './commit-queue.ts';
import { openDatabase } from './database.ts';
import { prepareStatements } from './statements.ts';

const folder = mkdtempSync(join(tmpdir(), 'cistern-queue-'));
after(() => rmSync(folder, { recursive: true, force: true }));

suite('sqlite: group commit', () => {
  test('what waits at the same time is one transaction', async () => {
    const path = join(folder, 'group.db');
    const db = openDatabase(path);
    const sql = prepareStatements(db);
    const queue = new CommitQueue(db, path, 1000);
    const size = (): number => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    const before = size();
    const all = Array.from({ length: 200 }, (_, i) =>
      queue.add({ operation: 'put' }, () => sql.putChunk(1, i, Uint8Array.of(i))),
    );
    await Promise.all(all);
    const pages = (size() - before) / 4096;
    assert.ok(pages < 10, `${pages} pages were written: each transaction writes some of its own`);
    db.close();
  });

  test('waits for another process that writes, and goes on when that has ended', async () => {
    const path = join(folder, 'wait.db');
    const db = openDatabase(path);
    const sql = prepareStatements(db);
    const queue = new CommitQueue(db, path, 60_000);
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    let done = false;
    const added = queue.add({ operation: 'put' }, () => sql.putChunk(1, 0, Uint8Array.of(1)));
    void added.then(() => (done = true));
    // Longer than one try, which is synchronous: the event loop turns in between.
    const begun = performance.now();
    while (performance.now() - begun < 150) await new Promise(setImmediate);
    assert.equal(done, false);
    other.exec('COMMIT');
    await added;
    other.close();
    db.close();
  });

  test('no room is StorageFull for those of that transaction, and the next can fit', async () => {
    const path = join(folder, 'full.db');
    const db = openDatabase(path);
    const sql = prepareStatements(db);
    const queue = new CommitQueue(db, path, 1000);
    db.exec('PRAGMA max_page_count = 40');
    const put = (at: number, size: number): Promise<number> =>
      queue.add({ operation: 'put', key: 'a' }, () => sql.putChunk(1, at, new Uint8Array(size)));
    await rejects(put(0, 1_000_000), 'StorageFull');
    assert.equal(await put(1, 10), 1);
    assert.equal(sql.chunk(1, 0), undefined);
    db.close();
  });
});
