/** What is SQLite's own: several processes, formats, what a crash leaves, and what is kept for readers. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { after, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { collect } from '../../body.ts';
import { open } from '../../open.ts';
import { sqlite } from '../../sqlite.ts';
import { rejects, sample, sameBytes } from '../../testing/context.ts';
import { listObjects } from './listing.ts';
import { prepareStatements } from './statements.ts';

const folder = mkdtempSync(join(tmpdir(), 'cistern-sqlite-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function newPath(): string {
  return join(folder, `${++files}.db`);
}

function startProcess(...args: string[]): ChildProcessWithoutNullStreams {
  const script = fileURLToPath(new URL('./sqlite-process.testing.ts', import.meta.url));
  const child = spawn(process.execPath, [script, ...args]);
  child.stderr.pipe(process.stderr);
  return child;
}

function count(db: DatabaseSync, table: string): number {
  return Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
}

/** What is done in the background, awaited; fails when it does not come. */
async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isSo()) {
    if (performance.now() > deadline) assert.fail('it does not come');
    await new Promise(setImmediate);
  }
}

suite('sqlite: other processes', () => {
  test('of those that create the same key one wins, each time', async () => {
    const path = newPath();
    const children = ['a', 'b', 'c'].map((name) => startProcess(path, 'create', name));
    const lines = children.map((child) => createInterface(child.stdout)[Symbol.asyncIterator]());
    for (const line of lines) assert.equal((await line.next()).value, '"ready"');
    for (const child of children) child.stdin.write('go\n');
    const won: number[] = [];
    for (const line of lines) won.push(...(JSON.parse((await line.next()).value as string) as number[]));
    assert.deepEqual(
      won.sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, i) => i),
    );
  });

  test('what was acknowledged survives a kill, whole, and nothing is left half', async () => {
    const path = newPath();
    const child = startProcess(path, 'put');
    const told: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      told.push(JSON.parse(line) as string);
      if (told.length === 60) child.kill('SIGKILL');
    }
    await using store = sqlite(path);
    for (const key of told) {
      const bytes = await store.get(key).bytes();
      const [, i = 0, at = 0] = key.split(/[ .]/).map(Number);
      sameBytes(bytes, new Uint8Array(300_000 * (at % 2) + 10).fill(i % 251));
    }
  });

  test('a writer that does not end makes writes Unavailable, and no read', async () => {
    const path = newPath();
    await using store = sqlite(path, { busyTimeoutMs: 50 });
    await store.put('a', 'x');
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    await rejects(store.put('a', 'y'), 'Unavailable');
    assert.equal(await store.get('a').text(), 'x');
    other.exec('COMMIT');
    other.close();
    await store.put('a', 'z');
    assert.equal(await store.get('a').text(), 'z');
  });

  test('a body that is slow holds nobody up', async () => {
    const path = newPath();
    await using store = sqlite(path, { busyTimeoutMs: 50 });
    await using other = sqlite(path, { busyTimeoutMs: 50 });
    let goOn = (): void => undefined;
    const told = new Promise<void>((resolve) => (goOn = resolve));
    const bytes = sample(3_000_000);
    const slow = store.put(
      'slow',
      (async function* () {
        yield bytes.subarray(0, 2_500_000);
        await told;
        yield bytes.subarray(2_500_000);
      })(),
    );
    for (let i = 0; i < 20; i++) await other.put('quick', `${i}`);
    await rejects(other.get('slow'), 'NotFound');
    goOn();
    await slow;
    sameBytes(await other.get('slow').bytes(), bytes);
  });

  test('an upload is read, followed and gone on with through the file', async () => {
    const path = newPath();
    await using store = sqlite(path);
    await using other = sqlite(path);
    const bytes = sample(2_000_000);
    const up = await store.upload('a', { partSize: 300_000 });
    const reader = await other.openUpload('a');
    const followed = collect(reader.follow({ pollMs: 5 }));
    await up.write(bytes.subarray(0, 1_111_111));
    await up.flush();
    await up.detach();
    const resumed = await other.upload('a', { resume: up.id });
    assert.equal(resumed.committed, 1_111_111);
    await resumed.write(bytes.subarray(1_111_111));
    await resumed.complete();
    sameBytes(await followed, bytes);
    sameBytes(await store.get('a').bytes(), bytes);
    sameBytes(
      await store.get('a', { range: { start: 299_990, end: 600_010 } }).bytes(),
      bytes.subarray(299_990, 600_010),
    );
  });
});

suite('sqlite: contents', () => {
  test('a copy shares them, and the last to go takes them along', async () => {
    const path = newPath();
    await using store = sqlite(path, { graceMs: 0 });
    using db = new DatabaseSync(path);
    const bytes = sample(1_000_000);
    await store.put('a', bytes);
    await store.copy('a', 'b');
    assert.equal(count(db, 'chunks'), 4);
    await store.delete('a');
    // Sweeps have their turn.
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 0));
    await store.put('c', 'x');
    sameBytes(await store.get('b').bytes(), bytes);
    await store.delete('c');
    await store.delete('b');
    await until(() => count(db, 'chunks') === 0);
    assert.equal(count(db, 'contents'), 0);
  });

  test('what is replaced while it is read is read to its end, by its own process without a grace', async () => {
    const path = newPath();
    await using store = sqlite(path, { graceMs: 0 });
    const bytes = sample(2_000_000);
    await store.put('a', bytes);
    const read = await store.get('a');
    await store.put('a', 'new');
    // Sweeps have their turn.
    for (let i = 0; i < 20; i++) await store.put('b', sample(600_000, i));
    sameBytes(await collect(read.body), bytes);
  });

  test('by another process within the grace; after it the read rejects with Conflict', async () => {
    const path = newPath();
    const bytes = sample(2_000_000);
    await using store = sqlite(path);
    await store.put('a', bytes);
    const kept = await store.get('a');
    {
      await using other = sqlite(path);
      await other.put('a', 'new');
    }
    sameBytes(await collect(kept.body), bytes);

    await store.put('a', bytes);
    const lost = await store.get('a');
    await using other = sqlite(path, { graceMs: 0 });
    using db = new DatabaseSync(path);
    const content = Number(db.prepare('SELECT max(id) AS id FROM contents').get()?.['id']);
    await other.put('a', 'newer');
    const there = db.prepare('SELECT 1 FROM contents WHERE id = ?');
    await until(() => there.get(content) === undefined);
    await rejects(collect(lost.body), 'Conflict');
  });

  test('what a crash left of a put is removed at a later open', async () => {
    const path = newPath();
    await sqlite(path).close();
    const db = new DatabaseSync(path);
    db.exec(`INSERT INTO contents (id, part_bytes, chunk_bytes, refs, uploaded, expires_ms) VALUES (7, 10, 10, 0, 0, 1);
      INSERT INTO chunks SELECT (7 << 26) + value, zeroblob(10) FROM json_each('[0,1,2,3]')`);
    await using store = sqlite(path);
    await until(() => count(db, 'contents') === 0);
    assert.equal(count(db, 'chunks'), 0);
    db.close();
    await store.put('a', 'x');
  });

  test('a body that fails leaves nothing', async () => {
    const path = newPath();
    await using store = sqlite(path);
    using db = new DatabaseSync(path);
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield sample(3_000_000);
      throw new RangeError('no more');
    };
    await assert.rejects(store.put('a', failing()), /no more/);
    await until(() => count(db, 'chunks') === 0);
    await rejects(store.get('a'), 'NotFound');
  });

  test('what is closed takes no more, from uploads neither', async () => {
    const store = sqlite(newPath());
    const up = await store.upload('a');
    await up.write('x');
    await store.close();
    await rejects(up.flush(), 'Closed');
    await rejects(store.put('a', 'x'), 'Closed');
    await store.close();
  });

  test('a put that fails its condition does not fail those that are committed with it', async () => {
    await using store = sqlite(':memory:');
    await store.put('a', 'x');
    const results = await Promise.allSettled([
      store.put('b', 'b'),
      store.put('a', 'y', { mode: 'create' }),
      store.put('c', 'c'),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal(await store.get('a').text(), 'x');
    assert.equal(await store.get('c').text(), 'c');
  });
});

suite('sqlite: listing', () => {
  test('a prefix is passed whatever it holds', async () => {
    const path = newPath();
    await using store = sqlite(path);
    for (const key of ['a', 'z']) await store.put(key, '');
    const db = new DatabaseSync(path);
    db.exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
      INSERT INTO objects SELECT 'dir' || (i % 5) || '/' || i, 0, 0, 'e', 0, NULL FROM n`);
    const sql = prepareStatements(db);
    let rows = 0;
    const found: string[] = [];
    const counting = {
      path,
      checkOpen: () => undefined,
      sql: {
        ...sql,
        page: (...values: Parameters<typeof sql.page>) => {
          const page = sql.page(...values);
          rows += page.length;
          return page;
        },
      },
    };
    for await (const entry of listObjects(counting, { delimiter: '/' })) {
      found.push(entry.type === 'object' ? entry.key : entry.prefix);
    }
    assert.deepEqual(found, ['a', 'dir0/', 'dir1/', 'dir2/', 'dir3/', 'dir4/', 'z']);
    assert.ok(rows < 100, `${rows} rows were read`);
    db.close();
  });
});

suite('sqlite: files', () => {
  test('a newer format is refused, and the file is not touched', async () => {
    const path = newPath();
    await sqlite(path).close();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 2');
    db.close();
    const before = readFileSync(path);
    await rejects(
      Promise.try(() => sqlite(path)),
      'Unsupported',
    );
    sameBytes(readFileSync(path), before);
  });

  test('a database of something else, what is none, and no folder are refused', async () => {
    const path = newPath();
    const db = new DatabaseSync(path);
    db.exec('CREATE TABLE theirs (a)');
    db.close();
    const opening = (at: string): Promise<unknown> => Promise.try(() => sqlite(at));
    await rejects(opening(path), 'InvalidArgument');
    const text = newPath();
    writeFileSync(text, 'no database at all, but some text of more than a hundred bytes'.repeat(4));
    await rejects(opening(text), 'Corrupt');
    await rejects(opening(join(folder, 'none', 'a.db')), 'NotFound');
  });

  test('by URL', async () => {
    const path = join(folder, 'with blank.db');
    {
      await using store = await open(`sqlite://${encodeURI(path)}`);
      await store.put('a', 'x');
      assert.equal(store.toString(), `sqlite(${JSON.stringify(path)})`);
    }
    await using again = sqlite(path);
    assert.equal(await again.get('a').text(), 'x');
    await using memory = await open('sqlite::memory:');
    assert.equal(memory.capabilities.durable, false);
    await rejects(open('sqlite://host/a.db'), 'InvalidArgument');
  });
});
