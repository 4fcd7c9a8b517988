/**
 * @module What the catalog costs by itself, without HTTP: publishing with and without the feed's row, look-ups, pages.
 *
 * `npm run bench:catalog`. One thread, one run, alternating, so that the ratio holds on a noisy machine.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { PublishRequest } from '../packages/server/src/catalog/catalog.ts';
import { createEpochMemory, EpochWriter } from '../packages/server/src/catalog/epochs.ts';
import { openReader, openWriter } from '../packages/server/src/catalog/sqlite/connection.ts';
import type { Mutation, MutationResult } from '../packages/server/src/catalog/sqlite/mutation.ts';
import { SqliteReader } from '../packages/server/src/catalog/sqlite/reader.ts';
import { WriteQueue } from '../packages/server/src/catalog/sqlite/write-queue.ts';

const OBJECTS = 20_000;
const ROUNDS = 3;
const BODY = Buffer.alloc(4096, 'b');

interface Store {
  readonly path: string;
  readonly queue: WriteQueue;
  readonly bucket: number;
  write(mutation: Mutation): Promise<MutationResult>;
  close(): void;
}

async function openStore(withFeed: boolean): Promise<Store> {
  const directory = mkdtempSync(join(tmpdir(), 'cistern-bench-catalog-'));
  const path = join(directory, 'catalog.db');
  const db = openWriter(path);
  const queue = new WriteQueue({ db, path, epochs: new EpochWriter(createEpochMemory(1)) });
  // The same statement in number and values, but nothing is stored.
  if (!withFeed) Object.assign(queue.sql, { insertFeed: db.prepare('SELECT ?, ?, ?, ?, ?, ?, ?') });
  const write = (mutation: Mutation): Promise<MutationResult> =>
    new Promise((resolve, reject) => {
      queue.enqueue(mutation, (outcome) => {
        if ('result' in outcome) resolve(outcome.result);
        else reject(outcome.error);
      });
    });
  const bucket = (await write({
    name: 'createBucket',
    input: { name: 'bench', owner: 'root', region: '' },
  })) as {
    id: number;
  };
  const close = (): void => {
    db.close();
    rmSync(directory, { recursive: true });
  };
  return { path, queue, bucket: bucket.id, write, close };
}

function publication(bucket: number, i: number): PublishRequest {
  return {
    bucket,
    key: `key-${(i * 7919) % OBJECTS}`,
    condition: null,
    content: { kind: 'inline', data: BODY, sha256: Buffer.alloc(32) },
    size: BODY.length,
    etag: '0'.repeat(32),
    storageClass: 'STANDARD',
    owner: 'root',
    attributes: '{"contentType":"binary/octet-stream","metadata":{}}',
    tags: null,
    checksumAlgorithm: null,
    checksumValue: null,
  };
}

/** Microseconds for one publication, in commits of up to 64, as a busy server makes them. */
async function publishAll(store: Store): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < OBJECTS; i += 64) {
    const batch = Array.from({ length: Math.min(64, OBJECTS - i) }, (_, k) =>
      store.write({ name: 'publishVersion', input: publication(store.bucket, i + k) }),
    );
    await Promise.all(batch);
  }
  return ((performance.now() - started) * 1000) / OBJECTS;
}

function time(count: number, run: (i: number) => void): string {
  const started = performance.now();
  for (let i = 0; i < count; i++) run(i);
  return (((performance.now() - started) * 1000) / count).toFixed(1);
}

const publish = { with: [] as number[], without: [] as number[] };
for (let round = 0; round < ROUNDS; round++) {
  for (const kind of ['with', 'without'] as const) {
    const store = await openStore(kind === 'with');
    publish[kind].push(await publishAll(store));
    store.close();
  }
}
const best = (values: number[]): number => Math.min(...values);
console.log(`publish 4 KiB, commits of 64: ${best(publish.with).toFixed(1)} us with the feed's row,`);
console.log(
  `  ${best(publish.without).toFixed(1)} us without: x${(best(publish.with) / best(publish.without)).toFixed(2)}`,
);

const store = await openStore(true);
await publishAll(store);
const reader = new SqliteReader(openReader(store.path));
const key = (i: number): string => `key-${(i * 31) % OBJECTS}`;
const page = { bucket: store.bucket, prefix: '', delimiter: '', after: '', limit: 1000 };
console.log(`look-up: ${time(OBJECTS, (i) => reader.findVersion(store.bucket, key(i)))} us`);
console.log(
  `look-up with bytes: ${time(OBJECTS, (i) => reader.findVersionWithExtents(store.bucket, key(i)))} us`,
);
console.log(`page of 1,000 keys: ${time(200, (i) => reader.listObjects({ ...page, after: key(i) }))} us`);
store.close();
