/** Group commit, and what the queue does when SQLite or the disk does not. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import type { Published } from '../catalog.ts';
import { deletions, inline, publication, sha256, withCode } from '../requests.fixtures.ts';
import { openReader, openWriter } from './connection.ts';
import { FEED_KIND } from './schema.ts';
import { count, openSqliteStore, temporaryDirectory } from './sqlite-store.testing.ts';
import type { SqliteStore } from './sqlite-store.testing.ts';
import type { Outcome } from './write-queue.ts';

const BUCKET = { name: 'photos', owner: 'alice', region: 'us-east-1' };
const SQLITE_IOERR_FSYNC = 10 | (4 << 8);
const SQLITE_FULL = 13;

function sqliteError(errcode: number): Error {
  return Object.assign(new Error('as SQLite says it'), { code: 'ERR_SQLITE_ERROR', errcode });
}

async function storeWithBucket(
  t: TestContext,
  directory = temporaryDirectory(t),
): Promise<SqliteStore & { bucket: number }> {
  // On a busy machine a transaction would end by its time, which has a test of its own.
  const store = openSqliteStore(t, { directory, clock: () => 0 });
  const { id } = await store.catalog.createBucket(BUCKET);
  store.commits.length = 0;
  return { ...store, bucket: id };
}

/** Enqueues publications and keeps every outcome that each is told. */
function enqueueMany(
  { queue, bucket }: SqliteStore & { bucket: number },
  keys: readonly string[],
): Outcome[][] {
  return keys.map((key) => {
    const outcomes: Outcome[] = [];
    queue.enqueue(
      { name: 'publishVersion', input: publication({ bucket, key, ...inline(key) }) },
      (outcome) => outcomes.push(outcome),
    );
    return outcomes;
  });
}

const numbered = (n: number): string[] => Array.from({ length: n }, (_, i) => `k${i}`);

/** That each was told once, and that the catalog has stopped. */
function assertStopped(told: readonly Outcome[][]): void {
  for (const [outcome, ...more] of told) {
    assert.ok(outcome !== undefined && 'error' in outcome);
    assert.ok(withCode('Stopped')(outcome.error), String(outcome.error));
    assert.deepEqual(more, []);
  }
}

/** On a connection of its own: what is durable, not what a transaction sees. */
function committed(store: SqliteStore, query: string): number {
  const db = openReader(store.path);
  try {
    return count(db, query);
  } finally {
    db.close();
  }
}

const VERSIONS = 'SELECT count(*) FROM versions';
const FEED = 'SELECT count(*) FROM feed';

suite('group commit', () => {
  test('takes no more once it has taken long, and goes on with the rest in order', async (t) => {
    let nowMs = 0;
    const store = openSqliteStore(t, { clock: () => (nowMs += 20) });
    const { id: bucket } = await store.catalog.createBucket(BUCKET);
    store.commits.length = 0;
    const told = enqueueMany({ ...store, bucket }, numbered(7));
    await store.queue.drained();
    assert.deepEqual(store.commits, [2, 2, 2, 1]);
    const outcomes = told.map(([outcome]) => outcome as { result: Published });
    const seqs = outcomes.map(({ result }) => result.seq);
    assert.deepEqual(
      seqs,
      seqs.toSorted((a, b) => a - b),
    );
    assert.equal(committed(store, VERSIONS), 7);
  });

  test('mutations that wait together share one commit', async (t) => {
    const store = await storeWithBucket(t);
    const outcomes = enqueueMany(store, numbered(50));
    assert.deepEqual(outcomes.flat(), [], 'nothing is answered before the commit');
    await store.queue.drained();
    assert.deepEqual(store.commits, [50]);
    assert.ok(
      outcomes.every(([first, ...more]) => first !== undefined && 'result' in first && more.length === 0),
    );
  });

  test('a long queue is committed in steps', async (t) => {
    const store = await storeWithBucket(t);
    enqueueMany(store, numbered(1100));
    await store.queue.drained();
    assert.deepEqual(store.commits, [512, 512, 76]);
    assert.equal(committed(store, VERSIONS), 1100);
  });

  test('what is answered is committed by then', async (t) => {
    const store = await storeWithBucket(t);
    let durable = -1;
    store.queue.enqueue(
      { name: 'publishVersion', input: publication({ bucket: store.bucket, key: 'k' }) },
      () => {
        durable = committed(store, VERSIONS);
      },
    );
    await store.queue.drained();
    assert.equal(durable, 1);
  });

  test('a mutation that is refused undoes itself and nothing else', async (t) => {
    const { catalog, bucket, db, commits } = await storeWithBucket(t);
    const publish = (key: string, text: string, fields = {}): Promise<unknown> =>
      catalog.publishVersion(publication({ bucket, key, ...inline(text), ...fields }));
    await publish('k', 'old');
    const rows =
      'SELECT (SELECT count(*) FROM blobs) + (SELECT count(*) FROM manifests) + (SELECT count(*) FROM extents)';
    assert.equal(count(db, rows), 3);
    commits.length = 0;
    const outcomes = await Promise.allSettled([
      publish('before', 'x'),
      publish('k', 'new', { condition: { ifAbsent: true } }),
      // Fails in the last step, when the version that it replaces is already gone.
      publish('k', 'new', { attributes: Symbol('no column takes this') }),
      publish('after', 'y'),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(commits, [4]);
    assert.equal((await catalog.findVersion(bucket, 'k'))?.etag, inline('old').etag);
    assert.equal(count(db, rows), 9);
    assert.equal(count(db, FEED), 4);
  });

  test('those that were made together with one that fails are made again without it, each once', async (t) => {
    const { catalog, bucket, db, commits } = await storeWithBucket(t);
    const publish = (key: string, fields = {}): Promise<unknown> =>
      catalog.publishVersion(publication({ bucket, key, ...inline(key), ...fields }));
    const outcomes = await Promise.allSettled([
      publish('a'),
      publish('b'),
      publish('b'),
      catalog.deleteVersions(bucket, deletions('a')),
      publish('a', { attributes: Symbol('no column takes this') }),
      publish('c'),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(commits, [6]);
    const there = 'SELECT group_concat(key) AS keys FROM versions ORDER BY key';
    assert.equal(db.prepare(there).get()?.['keys'], 'b,c');
    assert.equal(count(db, 'SELECT count(*) FROM blobs'), 2);
    assert.equal(count(db, FEED), 6);
  });

  test('a change of a bucket is seen by what follows it in the same commit', async (t) => {
    const { catalog, bucket, db, commits } = await storeWithBucket(t);
    const publish = (): Promise<unknown> =>
      catalog.publishVersion(publication({ bucket, key: 'k', ...inline('k') }));
    await Promise.all([
      publish(),
      catalog.snapshots.create(bucket, 'monday'),
      publish(),
      catalog.setVersioning(bucket, 'enabled'),
      publish(),
      catalog.deleteVersions(bucket, deletions('k')),
    ]);
    assert.deepEqual(commits, [6]);
    const places = 'SELECT place, delete_marker AS marker FROM versions ORDER BY place, seq';
    assert.deepEqual(
      db
        .prepare(places)
        .all()
        .map((row) => ({ ...row })),
      [
        { place: 1, marker: 0 },
        { place: 1, marker: 0 },
        { place: 1, marker: 1 },
        { place: 2, marker: 0 },
      ],
    );
  });
});

suite('sequence numbers', () => {
  test('grow by every change, are kept over a restart and never used again', async (t) => {
    const directory = temporaryDirectory(t);
    const seen: number[] = [];
    for (let round = 0; round < 3; round++) {
      const store = openSqliteStore(t, { directory });
      assert.equal(store.queue.sequence, seen.at(-1) ?? 0);
      const { id } = await store.catalog.createBucket({ ...BUCKET, name: `b${round}` });
      seen.push(id);
      const published = numbered(5).map((key) =>
        store.catalog.publishVersion(publication({ bucket: id, key })),
      );
      for (const { seq } of await Promise.all(published)) seen.push(seq);
      // A deletion draws one as well, though nothing shows it.
      await store.catalog.deleteVersions(id, deletions('k4'));
      seen.push(store.queue.sequence);
      store.crash();
    }
    assert.deepEqual(
      seen,
      [...new Set(seen)].sort((a, b) => a - b),
    );
  });

  test('drawn in a transaction that was undone are free again, and nobody has seen them', async (t) => {
    const store = await storeWithBucket(t);
    const before = store.queue.sequence;
    const failure = new Error('no');
    assert.throws(
      () =>
        store.queue.transact(({ nextSequence }) => {
          nextSequence();
          throw failure;
        }),
      failure,
    );
    assert.equal(store.queue.sequence, before);
    assert.equal(store.db.isTransaction, false);
    assert.equal(store.queue.stopped, undefined);
  });
});

suite('the feed', () => {
  test('has a row for every change, with its number', async (t) => {
    const { catalog, bucket, db } = await storeWithBucket(t);
    await catalog.publishVersion(publication({ bucket, key: 'a', ...inline('hello') }));
    const version = await catalog.findVersion(bucket, 'a');
    assert.ok(version);
    const source = { sourceBucket: bucket, sourceKey: 'a', sourceSeq: version.seq };
    const { seq } = await catalog.copyVersion({ ...publication({ bucket, key: 'b' }), ...source });
    await catalog.deleteVersions(bucket, deletions('a', 'absent', 'b'));
    await catalog.deleteBucket(bucket);
    const { etag } = inline('hello');
    const rows = db.prepare('SELECT seq, kind, bucket, key, size, etag FROM feed ORDER BY seq').all();
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [
        { seq: bucket, kind: FEED_KIND.bucketCreated, bucket, key: 'photos', size: null, etag: null },
        { seq: version.seq, kind: FEED_KIND.put, bucket, key: 'a', size: 5, etag },
        { seq, kind: FEED_KIND.copy, bucket, key: 'b', size: 5, etag },
        { seq: seq + 1, kind: FEED_KIND.delete, bucket, key: 'a', size: null, etag: null },
        { seq: seq + 2, kind: FEED_KIND.delete, bucket, key: 'b', size: null, etag: null },
        { seq: seq + 3, kind: FEED_KIND.bucketDeleted, bucket, key: 'photos', size: null, etag: null },
      ],
    );
  });

  test('and the change that it tells of are committed together', async (t) => {
    const store = await storeWithBucket(t);
    const atCommit: number[][] = [];
    const { commit } = store.queue.sql;
    const run = commit.run.bind(commit);
    t.mock.method(commit, 'run', () => {
      const counts = (): number[] => [committed(store, VERSIONS), committed(store, FEED)];
      atCommit.push(counts());
      const result = run();
      atCommit.push(counts());
      return result;
    });
    enqueueMany(store, numbered(3));
    await store.queue.drained();
    assert.deepEqual(atCommit, [
      [0, 1],
      [3, 4],
    ]);
  });
});

suite('a disk that fails', () => {
  test('a commit that fails stops the queue for good: nobody is told of success any more', async (t) => {
    const store = await storeWithBucket(t);
    const fails = t.mock.method(store.queue.sql.commit, 'run', () => {
      throw sqliteError(SQLITE_IOERR_FSYNC);
    });
    const outcomes = enqueueMany(store, numbered(600));
    await store.queue.drained();
    // The disk recovers; SQLite would take the next commit.
    fails.mock.restore();
    const late = enqueueMany(store, ['late']);
    assertStopped([...outcomes, ...late]);
    assert.throws(() => store.queue.transact(() => 1), withCode('Stopped'));
    assert.equal(store.stops.length, 1);
    assert.deepEqual(store.commits, []);
    store.crash();
    assert.equal(committed(store, VERSIONS), 0);
    assert.equal(committed(store, FEED), 1);
  });

  test('a sync of the log that fails in the midst of a mutation stops it as well', async (t) => {
    const store = await storeWithBucket(t);
    t.mock.method(store.queue.sql.insertVersion, 'run', () => {
      throw sqliteError(SQLITE_IOERR_FSYNC);
    });
    await assert.rejects(
      store.catalog.publishVersion(publication({ bucket: store.bucket, key: 'k' })),
      withCode('Stopped'),
    );
    assert.equal(store.db.isTransaction, false);
    await assert.rejects(store.catalog.deleteBucket(store.bucket), withCode('Stopped'));
  });

  test('a database that was closed under the queue stops it', async (t) => {
    const store = await storeWithBucket(t);
    store.db.close();
    const told = enqueueMany(store, ['a', 'b']);
    await store.queue.drained();
    assertStopped(told);
  });

  test('a checkpoint that fails stops it, after those whose commit had succeeded were told so', async (t) => {
    const store = await storeWithBucket(t);
    t.mock.method(store.queue.checkpointer, 'afterCommit', () => {
      throw sqliteError(SQLITE_IOERR_FSYNC);
    });
    await store.catalog.publishVersion(publication({ bucket: store.bucket, key: 'k' }));
    await assert.rejects(
      store.catalog.publishVersion(publication({ bucket: store.bucket, key: 'l' })),
      withCode('Stopped'),
    );
    assert.equal(committed(store, VERSIONS), 1);
  });

  test('a commit that fails in the background stops it', async (t) => {
    const store = await storeWithBucket(t);
    t.mock.method(store.queue.sql.commit, 'run', () => {
      throw sqliteError(SQLITE_IOERR_FSYNC);
    });
    assert.throws(() => store.queue.transact(({ nextSequence }) => nextSequence()));
    await assert.rejects(store.catalog.deleteBucket(store.bucket), withCode('Stopped'));
  });

  test('reservations that wait for a deletion are refused, each once', async (t) => {
    const store = await storeWithBucket(t);
    const input = { scope: store.bucket, sha256: sha256('x'), length: 1 };
    const { blob } = await store.catalog.reserveBlob(input);
    store.queue.transact(({ sql }) => sql.markDeleting.run(blob));
    const told: Outcome[][] = [[], []];
    const reserve = (outcomes: Outcome[] | undefined): void =>
      store.queue.enqueue({ name: 'reserveBlob', input }, (outcome) => outcomes?.push(outcome));
    reserve(told[0]);
    await store.queue.drained();
    assert.deepEqual(told, [[], []]);
    t.mock.method(store.queue.sql.commit, 'run', () => {
      throw sqliteError(SQLITE_IOERR_FSYNC);
    });
    reserve(told[1]);
    await store.queue.drained();
    assertStopped(told);
  });
});

suite('a disk that is full', () => {
  test('refuses what needs room, keeps what was there, and takes writes again when there is room', async (t) => {
    const store = await storeWithBucket(t);
    const { catalog, bucket, db, queue } = store;
    await catalog.publishVersion(publication({ bucket, key: 'old', ...inline('old') }));
    const sequence = queue.sequence;
    db.exec(`PRAGMA max_page_count = ${count(db, 'PRAGMA page_count') + 2}`);
    const big = publication({ bucket, key: 'old', ...inline('x'.repeat(1 << 20)) });
    const small = publication({ bucket, key: 'small' });
    // Of one transaction with what does not fit, at first.
    const [fits, ...others] = await Promise.allSettled(
      [small, big, big].map((p) => catalog.publishVersion(p)),
    );
    assert.equal(fits?.status, 'fulfilled');
    for (const outcome of others) {
      assert.ok(outcome.status === 'rejected');
      assert.ok(withCode('StorageFull')(outcome.reason), String(outcome.reason));
    }
    assert.equal(queue.stopped, undefined);
    assert.equal(queue.sequence, fits.value.seq);
    assert.equal(db.isTransaction, false);
    assert.equal((await catalog.findVersion(bucket, 'old'))?.etag, inline('old').etag);
    assert.equal(committed(store, FEED), 3);
    await catalog.deleteVersions(bucket, deletions('old'));

    db.exec('PRAGMA max_page_count = 1000000');
    await catalog.publishVersion(big);
    assert.equal((await catalog.findVersion(bucket, 'old'))?.etag, big.etag);
    assert.ok(queue.sequence > sequence);
  });

  test('is noticed in the commit itself as well, in the foreground and in the background', async (t) => {
    const { catalog, bucket, db, queue } = await storeWithBucket(t);
    const full = (times: number): void => {
      t.mock.method(
        queue.sql.commit,
        'run',
        () => {
          throw sqliteError(SQLITE_FULL);
        },
        { times },
      );
    };
    const before = queue.sequence;
    const publish = (): Promise<unknown> => catalog.publishVersion(publication({ bucket, key: 'k' }));
    full(2);
    await assert.rejects(publish(), withCode('StorageFull'));
    assert.equal(db.isTransaction, false);
    full(1);
    assert.throws(() => queue.transact(({ nextSequence }) => nextSequence()));
    assert.equal(db.isTransaction, false);
    assert.equal(queue.sequence, before);
    await publish();
    assert.equal(queue.stopped, undefined);
  });

  test('has the log start over before anything is refused', async (t) => {
    const { catalog, bucket, queue } = await storeWithBucket(t);
    const startOver = t.mock.method(queue.checkpointer, 'startOver');
    const full = (): never => {
      throw sqliteError(SQLITE_FULL);
    };
    for (const times of [1, 3]) {
      t.mock.method(queue.sql.commit, 'run', full, { times });
      const keys = Array.from({ length: 4 }, (_, i) => `k${i}`);
      await Promise.all(keys.map((key) => catalog.publishVersion(publication({ bucket, key }))));
    }
    assert.equal(startOver.mock.callCount(), 2);
  });

  test('may fail to take the log into the database: it is taken later', async (t) => {
    const { catalog, bucket, queue } = await storeWithBucket(t);
    const full = t.mock.method(queue.checkpointer, 'afterCommit', () => {
      throw sqliteError(SQLITE_FULL);
    });
    await catalog.publishVersion(publication({ bucket, key: 'k', ...inline('k') }));
    await catalog.publishVersion(publication({ bucket, key: 'l', ...inline('l') }));
    t.mock.method(queue.checkpointer, 'truncate', () => {
      throw sqliteError(SQLITE_FULL);
    });
    queue.emptyLog();
    assert.equal(full.mock.callCount(), 2);
    assert.equal(queue.stopped, undefined);
  });

  test('leaves no reservation behind that nobody was told of', async (t) => {
    const { catalog, bucket, queue } = await storeWithBucket(t);
    const reserve = (): Promise<unknown> =>
      catalog.reserveBlob({ scope: bucket, sha256: sha256('x'), length: 1 });
    t.mock.method(
      queue.sql.commit,
      'run',
      () => {
        throw sqliteError(SQLITE_FULL);
      },
      { times: 2 },
    );
    await assert.rejects(reserve(), withCode('StorageFull'));
    assert.equal(queue.pins.size, 0);
    await reserve();
    assert.equal(queue.pins.size, 1);
  });
});

test('only one connection writes: another writer is kept out while a transaction is open', async (t) => {
  const store = await storeWithBucket(t);
  const other = openWriter(store.path);
  t.after(() => other.close());
  other.exec('PRAGMA busy_timeout = 0');
  store.queue.transact(() => {
    assert.throws(() => other.exec('BEGIN IMMEDIATE'), { errcode: 5 });
  });
});
