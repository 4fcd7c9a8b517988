/** Background work by a moved clock: what is deleted, when, and what a failure holds up. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { publication, sha256 } from '../requests.fixtures.ts';
import { begin } from '../upload-requests.fixtures.ts';
import { Maintenance } from './maintenance.ts';
import { count, openSqliteStore } from './sqlite-store.testing.ts';
import type { SqliteStore, SqliteStoreOptions } from './sqlite-store.testing.ts';
import { sumRows } from './sum-rows.testing.ts';

const RETENTION_MS = 1_000_000;
const IDLE_MS = 250;
const FEED = 'SELECT count(*) FROM feed';

interface Fixture extends SqliteStore {
  readonly maintenance: Maintenance;
  readonly errors: unknown[];
  /** Lets time pass, for timers and for ages, and what begins then end. */
  readonly pass: (milliseconds: number) => Promise<void>;
  /** Sets the clock by so much, though no time has passed. */
  readonly setClock: (milliseconds: number) => void;
  /** Adds feed rows of this age. */
  readonly addFeed: (rows: number, ageMs: number) => void;
}

function setUp(t: TestContext, options: SqliteStoreOptions = {}): Fixture {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const store = openSqliteStore(t, options);
  const { queue, reaper, sweeper, db } = store;
  let nowMs = 10 * RETENTION_MS;
  let setByMs = 0;
  const errors: unknown[] = [];
  const maintenance = new Maintenance({
    queue,
    reaper,
    sweeper,
    feedRetentionMs: RETENTION_MS,
    idleMs: 250,
    uploadRetentionMs: RETENTION_MS,
    now: () => nowMs + setByMs,
    steady: () => nowMs,
    onError: (error) => errors.push(error),
  });
  t.after(() => maintenance.close());
  const pass = async (milliseconds: number): Promise<void> => {
    nowMs += milliseconds;
    t.mock.timers.tick(milliseconds);
    for (let turn = 0; turn < 10; turn++) {
      await setImmediate();
      t.mock.timers.tick(0);
    }
  };
  const setClock = (byMs: number): void => {
    setByMs += byMs;
  };
  const addFeed = (rows: number, ageMs: number): void => {
    const insert = db.prepare(
      'INSERT INTO feed (seq, at_ms, kind, bucket) VALUES ((SELECT coalesce(max(seq), 1000) + 1 FROM feed), ?, 1, 1)',
    );
    queue.transact(() => {
      for (let i = 0; i < rows; i++) insert.run(nowMs + setByMs - ageMs);
    });
  };
  return { ...store, maintenance, errors, pass, setClock, addFeed };
}

/** A file that nothing refers to. @returns where it is */
async function giveUpBlob({ catalog }: SqliteStore, content: string): Promise<string> {
  const { blob, location } = await catalog.reserveBlob({ scope: 1, sha256: sha256(content), length: 1 });
  await catalog.releaseBlob(blob);
  return location;
}

suite('the feed', () => {
  test('loses the rows that are older than its retention, and no others', async (t) => {
    const { db, pass, addFeed } = setUp(t);
    addFeed(3, RETENTION_MS + 1);
    addFeed(1, RETENTION_MS - IDLE_MS);
    addFeed(2, 0);
    await pass(IDLE_MS - 1);
    assert.equal(count(db, FEED), 6);
    await pass(1);
    assert.equal(count(db, FEED), 3);
    assert.equal(count(db, 'SELECT min(seq) FROM feed'), 1004);
  });

  test('loses many at once, in slices', async (t) => {
    const { db, queue, pass, addFeed } = setUp(t);
    addFeed(2500, RETENTION_MS + 1);
    const trims = t.mock.method(queue.sql.trimFeed, 'run');
    await pass(IDLE_MS);
    assert.equal(count(db, FEED), 0);
    assert.deepEqual(
      trims.mock.calls.map(({ result }) => result?.changes),
      [1000, 1000, 500],
    );
  });

  test('is looked at once a minute', async (t) => {
    const { db, pass, addFeed } = setUp(t);
    await pass(IDLE_MS);
    addFeed(2, RETENTION_MS + 1);
    for (let i = 0; i < 239; i++) await pass(IDLE_MS);
    assert.equal(count(db, FEED), 2);
    await pass(IDLE_MS);
    assert.equal(count(db, FEED), 0);
  });
});

suite('a clock that is set', () => {
  const YEAR_MS = 365 * 24 * 3_600_000;
  const minutes = async (pass: Fixture['pass'], many: number): Promise<void> => {
    for (let i = 0; i < many; i++) await pass(60_000);
  };

  test('put forward for a moment ends nothing', async (t) => {
    const { catalog, db, pass, setClock, addFeed } = setUp(t);
    const { id: bucket } = await catalog.createBucket({ name: 'b', owner: 'alice', region: 'r' });
    const upload = await begin(catalog, { bucket, key: 'k' });
    db.exec(`UPDATE uploads SET active_ms = ${10 * RETENTION_MS}`);
    sumRows(db, 'uploads');
    addFeed(3, 0);
    const rows = count(db, FEED);
    await minutes(pass, 2);
    setClock(YEAR_MS);
    await minutes(pass, 2);
    setClock(-YEAR_MS);
    await minutes(pass, 2);
    assert.equal((await catalog.uploads.findUpload(upload))?.state, 'open');
    assert.equal(count(db, FEED), rows);
  });

  test('put forward for good counts once it has stood as long as things are kept', async (t) => {
    const { db, pass, setClock, addFeed } = setUp(t);
    addFeed(3, 0);
    setClock(YEAR_MS);
    await minutes(pass, RETENTION_MS / 60_000 - 2);
    assert.equal(count(db, FEED), 3);
    await minutes(pass, 5);
    assert.equal(count(db, FEED), 0);
  });

  test('put back stops nothing: what is old by it goes, and what is from the future waits no longer than the rest', async (t) => {
    const { catalog, db, pass, setClock, addFeed } = setUp(t);
    const { id: bucket } = await catalog.createBucket({ name: 'b', owner: 'alice', region: 'r' });
    const upload = await begin(catalog, { bucket, key: 'k' });
    db.exec(`UPDATE uploads SET active_ms = ${10 * RETENTION_MS}`);
    sumRows(db, 'uploads');
    // More than a slice.
    addFeed(1200, 0);
    await minutes(pass, 2);
    setClock(-YEAR_MS);
    addFeed(3, RETENTION_MS + 1);
    const rows = count(db, FEED);
    await minutes(pass, 2);
    assert.equal(count(db, FEED), rows - 3);
    assert.equal((await catalog.uploads.findUpload(upload))?.state, 'open');
    await minutes(pass, (2 * RETENTION_MS) / 60_000 + 2);
    assert.equal((await catalog.uploads.findUpload(upload))?.state, 'aborted');
  });
});

suite('blobs that were given up', () => {
  test('are deleted soon', async (t) => {
    const store = setUp(t);
    const locations = [await giveUpBlob(store, 'a'), await giveUpBlob(store, 'b')];
    await store.pass(IDLE_MS);
    assert.deepEqual(store.deleted, locations);
    const later = await giveUpBlob(store, 'c');
    await store.pass(IDLE_MS);
    assert.deepEqual(store.deleted, [...locations, later]);
    assert.deepEqual(store.errors, []);
  });
});

suite('uploads', () => {
  test('that are idle for their retention are aborted, and forgotten after as long again', async (t) => {
    const { catalog, db, pass } = setUp(t);
    const { id: bucket } = await catalog.createBucket({ name: 'b', owner: 'alice', region: 'r' });
    const old = await begin(catalog, { bucket, key: 'old' });
    await begin(catalog, { bucket, key: 'new' });
    db.prepare('UPDATE uploads SET active_ms = 0 WHERE id = ?').run(old.upload);
    sumRows(db, 'uploads');
    await pass(IDLE_MS);
    assert.equal((await catalog.uploads.findUpload(old))?.state, 'aborted');
    assert.equal(count(db, 'SELECT count(*) FROM uploads WHERE state = 0'), 1);
    assert.equal(count(db, 'SELECT count(*) FROM manifests'), 1, 'its manifest is gone');
    db.prepare('UPDATE uploads SET ended_ms = 0 WHERE id = ?').run(old.upload);
    sumRows(db, 'uploads');
    await pass(IDLE_MS);
    assert.notEqual(await catalog.uploads.findUpload(old), undefined, 'looked for once a minute');
    await pass(60_000);
    assert.equal(await catalog.uploads.findUpload(old), undefined);
    assert.equal(count(db, 'SELECT count(*) FROM uploads'), 1);
  });

  test('of which many are idle are aborted in slices', async (t) => {
    const { catalog, db, pass } = setUp(t);
    const { id: bucket } = await catalog.createBucket({ name: 'b', owner: 'alice', region: 'r' });
    await Promise.all(Array.from({ length: 250 }, () => begin(catalog, { bucket, key: 'k' })));
    db.exec('UPDATE uploads SET active_ms = 0');
    sumRows(db, 'uploads');
    await pass(IDLE_MS);
    assert.equal(count(db, 'SELECT count(*) FROM uploads WHERE state = 0'), 0);
  });
});

suite('what fails', () => {
  test('is told, tried again after a while, and holds nothing else up', async (t) => {
    const failure = new Error('no permission');
    let fails = true;
    const deleteBlob = async (): Promise<void> => {
      if (fails) throw failure;
    };
    const store = setUp(t, { deleteBlob });
    const { db, errors, pass, addFeed } = store;
    const location = await giveUpBlob(store, 'a');
    addFeed(2, RETENTION_MS + 1);
    await pass(IDLE_MS);
    assert.deepEqual(errors, [failure]);
    assert.equal(count(db, FEED), 0, 'the feed is trimmed all the same');
    // Writes, too.
    const { id: bucket } = await store.catalog.createBucket({ name: 'b', owner: 'alice', region: 'r' });
    await store.catalog.publishVersion(publication({ bucket, key: 'k' }));
    await pass(IDLE_MS);
    assert.equal(errors.length, 1, 'not at once');
    await pass(19 * IDLE_MS);
    assert.equal(errors.length, 2);
    fails = false;
    await pass(20 * IDLE_MS);
    assert.equal(errors.length, 2);
    assert.deepEqual(store.deleted, [location]);
  });

  test('in the feed is told, too, and holds up no deletion', async (t) => {
    const store = setUp(t);
    const { queue, errors, pass, addFeed, db } = store;
    addFeed(1, RETENTION_MS + 1);
    const failure = new Error('locked');
    const trim = t.mock.method(queue.sql.trimFeed, 'run', () => {
      throw failure;
    });
    const location = await giveUpBlob(store, 'a');
    await pass(IDLE_MS);
    assert.deepEqual(errors, [failure]);
    assert.equal(queue.stopped, undefined);
    assert.deepEqual(store.deleted, [location]);
    trim.mock.restore();
    await pass(20 * IDLE_MS);
    assert.equal(count(db, FEED), 0);
  });

  test('when the catalog has stopped is not tried again', async (t) => {
    const { queue, reaper, errors, pass } = setUp(t);
    queue.stop(new Error('no disk'));
    const steps = t.mock.method(reaper, 'step');
    for (let i = 0; i < 5; i++) await pass(100_000);
    assert.equal(steps.mock.callCount(), 1);
    assert.ok(errors.length <= 1);
  });
});

suite('the end', () => {
  test('comes before anything has begun', async (t) => {
    const store = setUp(t);
    await giveUpBlob(store, 'a');
    await store.maintenance.close();
    await store.pass(100_000);
    assert.deepEqual(store.deleted, []);
  });

  test('waits for what is being deleted, and nothing begins after it', async (t) => {
    const deleting = Promise.withResolvers<undefined>();
    const mayEnd = Promise.withResolvers<undefined>();
    const deleteBlob = (): Promise<undefined> => {
      deleting.resolve(undefined);
      return mayEnd.promise;
    };
    const store = setUp(t, { deleteBlob });
    const location = await giveUpBlob(store, 'a');
    await store.pass(IDLE_MS);
    await deleting.promise;
    let closed = false;
    const closing = store.maintenance.close().then(() => (closed = true));
    await setImmediate();
    assert.equal(closed, false);
    mayEnd.resolve(undefined);
    await closing;
    assert.deepEqual(store.deleted, [location]);
    assert.equal(count(store.db, 'SELECT count(*) FROM blobs'), 0);
    await giveUpBlob(store, 'b');
    await store.pass(100_000);
    assert.deepEqual(store.deleted, [location]);
  });
});
