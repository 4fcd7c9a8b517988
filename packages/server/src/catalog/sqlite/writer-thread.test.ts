/** The writer thread as gateway threads meet it: through a port, with a connection of its own, and with an end. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';

import { eventually } from '../../../../../tests/support/eventually.ts';
import type { Content } from '../catalog.ts';
import { createEpochMemory } from '../epochs.ts';
import { CatalogError } from '../errors.ts';
import { publication, sha256, withCode } from '../requests.fixtures.ts';
import type { UploadChange } from '../uploads.ts';
import { DATABASE_FILE, openReader } from './connection.ts';
import { BLOB_STATE, FORMAT_VERSION } from './schema.ts';
import { count, openSqliteStore, temporaryDirectory } from './sqlite-store.testing.ts';
import { WriterClient } from './writer-client.ts';
import type { WriterMetricsValues } from './writer-metrics.ts';
import type { WriterCommand, WriterData, WriterEvent } from './writer-thread.ts';

const BUCKET = { name: 'photos', owner: 'alice', region: 'us-east-1' };

interface Fixture {
  readonly path: string;
  readonly worker: Worker;
  readonly command: (command: WriterCommand) => void;
  /** Resolves to the first event of this kind, also if it has come already. */
  readonly event: <K extends WriterEvent['kind']>(kind: K) => Promise<Extract<WriterEvent, { kind: K }>>;
  /** A gateway thread's end of a new port. */
  readonly connect: () => WriterClient;
  readonly metrics: () => Promise<WriterMetricsValues>;
  /** What is committed. */
  readonly count: (query: string) => number;
}

function start(t: TestContext, directory = temporaryDirectory(t)): Fixture {
  const path = join(directory, DATABASE_FILE);
  const epochs = createEpochMemory(1);
  const workerData: WriterData = {
    databasePath: path,
    dataDir: directory,
    storageClasses: {},
    blobs: null,
    epochs,
    feedRetentionMs: 1e9,
    reaperIdleMs: 250,
    uploadRetentionMs: 1e9,
  };
  const worker = new Worker(new URL('writer-thread.ts', import.meta.url), { workerData });
  t.after(() => worker.terminate());
  const events: WriterEvent[] = [];
  let wake = (): void => undefined;
  worker.on('message', (event: WriterEvent) => {
    events.push(event);
    wake();
  });
  const event: Fixture['event'] = async (kind) => {
    for (;;) {
      const found = events.find((one) => one.kind === kind);
      if (found !== undefined) return found as never;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const command = (one: WriterCommand): void => worker.postMessage(one);
  return {
    path,
    worker,
    command,
    event,
    connect: () => {
      const { port1, port2 } = new MessageChannel();
      worker.postMessage({ kind: 'connect', port: port2 } satisfies WriterCommand, [port2]);
      t.after(() => port1.close());
      return new WriterClient(port1);
    },
    metrics: async () => {
      events.splice(0, events.length, ...events.filter(({ kind }) => kind !== 'metrics'));
      command({ kind: 'metrics' });
      return (await event('metrics')).values;
    },
    count: (query) => {
      const db = openReader(path);
      try {
        return count(db, query);
      } finally {
        db.close();
      }
    },
  };
}

const inlineContent = (data: Uint8Array): Content => ({ kind: 'inline', data, sha256: sha256('any') });

suite('watching an upload through ports', () => {
  test('wakes every thread that does, and tells all of an end when the writer stops', async (t) => {
    const { connect } = start(t);
    const [first, second] = [connect(), connect()] as const;
    const { id: bucket } = await first.write('createBucket', BUCKET);
    const told: UploadChange[] = [];
    const attributes = { owner: 'alice', initiator: 'bob', storageClass: 'STANDARD', attributes: '{}' };
    const none = { tags: null, checksumAlgorithm: null, checksumType: null };
    const name = { bucket, key: 'k' };
    const { id: upload } = await first.write('createUpload', { ...name, live: true, ...attributes, ...none });
    for (const client of [first, second]) await client.watchUpload(upload, (change) => told.push(change));
    const empty = { content: { kind: 'empty' }, size: 0, etag: 'x', checksumValue: null } as const;
    await first.write('publishPart', { ...name, upload, number: 3, ...empty });
    await eventually(() => {
      assert.deepEqual(told, [
        { upload, part: 3 },
        { upload, part: 3 },
      ]);
    });
    first.stop('the disk');
    await eventually(() => assert.equal(told.length, 4));
    await second.watchUpload(upload, (change) => told.push(change));
    await eventually(() => assert.ok(told.length > 4));
    assert.ok(told.slice(2).every(({ part }) => part === null));
  });
});

suite('a write through a port', () => {
  test('resolves to its result once it is committed', async (t) => {
    const { connect, count: committed, event } = start(t);
    const client = connect();
    const bucket = await client.write('createBucket', BUCKET);
    assert.equal(bucket.name, 'photos');
    assert.equal(committed("SELECT count(*) FROM buckets WHERE name = 'photos'"), 1);
    const { seq } = await client.write('publishVersion', publication({ bucket: bucket.id, key: 'k' }));
    assert.equal(committed(`SELECT count(*) FROM versions WHERE seq = ${seq}`), 1);
    const gone = await client.write('deleteVersions', { bucket: bucket.id, deletions: [{ key: 'k' }] });
    assert.deepEqual(gone, [{ version: null, deleteMarker: false, error: null }]);
    await event('ready');
  });

  test('rejects with the catalog’s error, by its code, and the next one goes on', async (t) => {
    const client = start(t).connect();
    const outcomes = await Promise.allSettled([
      client.write('createBucket', BUCKET),
      client.write('createBucket', BUCKET),
      client.write('createBucket', { ...BUCKET, owner: 'bob' }),
      client.write('deleteBucket', { bucket: 99 }),
      client.write('createBucket', { ...BUCKET, name: 'other' }),
    ]);
    const codes = outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? 'ok' : CatalogError.is(outcome.reason) && outcome.reason.code,
    );
    assert.deepEqual(codes, ['ok', 'BucketOwnedByYou', 'BucketExists', 'NoSuchBucket', 'ok']);
  });

  test('rejects with what is no error of the catalog’s, and says what it is', async (t) => {
    const client = start(t).connect();
    const { id: bucket } = await client.write('createBucket', BUCKET);
    const content: Content = { kind: 'blob', blob: 12_345 };
    await assert.rejects(
      client.write('publishVersion', publication({ bucket, key: 'k', content })),
      (error: unknown) =>
        error instanceof Error && !CatalogError.is(error) && /12345 was not reserved/.test(error.message),
    );
  });

  test('shares its commit with those of the same moment', async (t) => {
    const { connect, metrics } = start(t);
    const client = connect();
    const { id: bucket } = await client.write('createBucket', BUCKET);
    const before = await metrics();
    const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
    const published = await Promise.all(
      keys.map((key) => client.write('publishVersion', publication({ bucket, key }))),
    );
    assert.equal(new Set(published.map(({ seq }) => seq)).size, 100);
    const after = await metrics();
    assert.equal(after.mutations - before.mutations, 100);
    assert.equal(after.commits - before.commits, 1);
    assert.equal(after.stopped, false);
  });

  test('of one thread is seen by the writes of another', async (t) => {
    const { connect } = start(t);
    const [one, two] = [connect(), connect()];
    await one.write('createBucket', BUCKET);
    await assert.rejects(two.write('createBucket', BUCKET), withCode('BucketOwnedByYou'));
  });
});

test('writes of one tick travel as one message', async (t) => {
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  const messages: unknown[] = [];
  const all = new Promise<void>((resolve) => {
    port2.on('message', (message: unknown[]) => {
      messages.push(message.length);
      if (messages.length === 2) resolve();
    });
  });
  const client = new WriterClient(port1);
  const write = (): void => void client.write('createBucket', BUCKET).catch(() => undefined);
  for (let i = 0; i < 3; i++) write();
  await new Promise((resolve) => setImmediate(resolve));
  write();
  await all;
  assert.deepEqual(messages, [3, 1]);
});

suite('the bytes of an inline object', () => {
  const STORED = 'SELECT count(*) FROM blobs WHERE data = CAST(? AS BLOB)';

  for (const [name, make, moves] of [
    ['that have their memory for themselves move', () => Buffer.from(new ArrayBuffer(4096)), true],
    ['that are few are copied', () => Buffer.from(new ArrayBuffer(4095)), false],
    ['that are a part of some memory are copied', () => Buffer.from(new ArrayBuffer(9000), 8, 8000), false],
    ['that are in shared memory are copied', () => Buffer.from(new SharedArrayBuffer(8192)), false],
  ] as const) {
    test(name, async (t) => {
      const { connect, path } = start(t);
      const client = connect();
      const { id: bucket } = await client.write('createBucket', BUCKET);
      const data = make();
      for (const [i] of data.entries()) data[i] = i % 251;
      const copy = Buffer.from(data);
      const content = inlineContent(data);
      const written = client.write(
        'publishVersion',
        publication({ bucket, key: 'k', size: data.length, content }),
      );
      await written;
      assert.equal(data.byteLength, moves ? 0 : copy.byteLength);
      const db = openReader(path);
      t.after(() => db.close());
      assert.equal(Object.values(db.prepare(STORED).get(copy) ?? {})[0], 1);
    });
  }

  test('give their memory back when they are written, and when they are refused', async (t) => {
    const { connect, worker, count: committed } = start(t);
    const client = connect();
    const { id: bucket } = await client.write('createBucket', BUCKET);
    const mib = 1024 * 1024;
    const write = (key: string): Promise<unknown> => {
      const content = inlineContent(Buffer.from(new ArrayBuffer(mib)));
      const condition = { ifAbsent: true } as const;
      return client.write('publishVersion', publication({ bucket, key, size: mib, content, condition }));
    };
    await write('k');
    const before = (await worker.getHeapStatistics()).external_memory;
    for (let i = 0; i < 20; i++) await assert.rejects(write('k'), withCode('PreconditionFailed'));
    for (let i = 0; i < 4; i++) await write(`k${i}`);
    const grown = (await worker.getHeapStatistics()).external_memory - before;
    assert.ok(grown < 4 * mib, `${grown} bytes`);
    assert.equal(committed('SELECT count(*) FROM versions'), 5);
  });
});

suite('when the writing ends', () => {
  test('by an order of a gateway thread, all threads are refused from then on, each write once', async (t) => {
    const { connect, event, metrics, count: committed } = start(t);
    const [one, two] = [connect(), connect()];
    const { id: bucket } = await one.write('createBucket', BUCKET);
    one.stop('Error: EIO: i/o error, fdatasync');
    // On the same port, so after it.
    const late = one.write('publishVersion', publication({ bucket, key: 'k' }));
    await assert.rejects(late, withCode('Stopped'));
    await assert.rejects(two.write('createBucket', { ...BUCKET, name: 'b' }), withCode('Stopped'));
    assert.match((await event('stopped')).message, /EIO: i\/o error, fdatasync/);
    assert.equal((await metrics()).stopped, true);
    assert.equal(committed('SELECT count(*) FROM versions'), 0);
  });

  test('in an orderly way, what was asked before is done, and what comes later refused', async (t) => {
    const { connect, command, event, path } = start(t);
    const client = connect();
    const { id: bucket } = await client.write('createBucket', BUCKET);
    // More than one commit takes: when the first of them is answered, others wait.
    const keys = Array.from({ length: 5000 }, (_, i) => `k${i}`);
    const writes = keys.map((key) => client.write('publishVersion', publication({ bucket, key })));
    await writes[0];
    const reader = openReader(path);
    t.after(() => reader.close());
    command({ kind: 'close' });
    await Promise.all(writes);
    await event('closed');
    await assert.rejects(client.write('deleteBucket', { bucket }), withCode('Stopped'));
    assert.equal(statSync(`${path}-wal`).size, 0, 'the log is in the database');
    assert.equal(count(reader, 'SELECT count(*) FROM versions'), keys.length);
  });

  test('by the end of the thread, what waits for it is rejected, and what comes later, too', async (t) => {
    const directory = temporaryDirectory(t);
    const { connect, worker, count: committed } = start(t, directory);
    const client = connect();
    await client.write('createBucket', BUCKET);
    // Content that is being deleted, and cannot be, for a directory is in its place: to reserve it again waits.
    const content = { scope: 1, sha256: sha256('x'), length: 1 };
    const { blob, location } = await client.write('reserveBlob', content);
    mkdirSync(join(directory, 'blobs', location), { recursive: true });
    await client.write('releaseBlob', { blob });
    const deleting = `SELECT count(*) FROM blobs WHERE state = ${BLOB_STATE.deleting}`;
    await eventually(() => assert.equal(committed(deleting), 1));
    const refused = assert.rejects(client.write('reserveBlob', content), withCode('Stopped'));
    await client.write('createBucket', { ...BUCKET, name: 'other' });
    await worker.terminate();
    await refused;
    await assert.rejects(client.write('createBucket', { ...BUCKET, name: 'late' }), withCode('Stopped'));
  });

  test('of a port nobody listens to is the end of what waits at it', async () => {
    const { port1, port2 } = new MessageChannel();
    const client = new WriterClient(port1);
    const waiting = [client.write('createBucket', BUCKET), client.write('deleteBucket', { bucket: 1 })];
    port2.close();
    for (const write of waiting) await assert.rejects(write, withCode('Stopped'));
    await assert.rejects(client.write('createBucket', BUCKET), withCode('Stopped'));
  });
});

suite('a start', () => {
  test('that cannot be says why', async (t) => {
    const directory = temporaryDirectory(t);
    const store = openSqliteStore(t, { directory });
    store.db.exec(`PRAGMA user_version = ${FORMAT_VERSION + 1}`);
    store.crash();
    const { message } = await start(t, directory).event('failed');
    assert.match(message, /newer version/);
  });

  test('finishes deletions that a crash left, files and rows', async (t) => {
    const directory = temporaryDirectory(t);
    const store = openSqliteStore(t, { directory });
    const { location } = await store.catalog.reserveBlob({ scope: 1, sha256: sha256('x'), length: 1 });
    store.crash();
    const file = join(directory, 'blobs', location);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, 'x');
    const { count: committed, metrics } = start(t, directory);
    await eventually(() => assert.equal(committed('SELECT count(*) FROM blobs'), 0));
    assert.ok(!existsSync(file));
    assert.equal((await metrics()).blobsDeleted, 1);
  });

  test('tells of background work that fails', async (t) => {
    const directory = temporaryDirectory(t);
    const store = openSqliteStore(t, { directory });
    const { location } = await store.catalog.reserveBlob({ scope: 1, sha256: sha256('x'), length: 1 });
    store.crash();
    // A directory in the place of a file.
    mkdirSync(join(directory, 'blobs', location), { recursive: true });
    const { event, metrics } = start(t, directory);
    assert.match((await event('error')).message, /EISDIR|directory/);
    assert.equal((await metrics()).stopped, false);
  });
});
