/** What callers get wrong is refused in words that help, never guessed at; and the short ways that they expect are there. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { connect } from './connect.ts';
import { cache, compress, encrypt, fanout, limit, prefix, retry } from './layers/index.ts';
import { memory } from './memory.ts';
import type { ListedObject } from './object-store.ts';
import { open } from './open.ts';
import { rejects } from './testing/context.ts';

/** What only JavaScript lets pass. */
const untyped = (value: unknown): never => value as never;

test('a mode that is none does not overwrite', async () => {
  await using store = memory();
  await store.put('a', 'old');
  for (const mode of ['creat', { etag: '1' }, { ifMatch: undefined }, null]) {
    await rejects(store.put('a', 'new', { mode: untyped(mode) }), 'InvalidArgument');
    await rejects(store.put('b', 'new', { mode: untyped(mode) }), 'InvalidArgument');
    await rejects(store.copy('a', 'b', { mode: untyped(mode) }), 'InvalidArgument');
    await rejects(store.inner.put('a', 'new', { mode: untyped(mode) }), 'InvalidArgument');
    const upload = await store.upload('b');
    await rejects(upload.complete({ mode: untyped(mode) }), 'InvalidArgument');
    await upload.abort();
  }
  assert.equal(await store.get('a').text(), 'old');
  assert.equal(await store.exists('b'), false);
});

test('memory of any kind is a body, a read is one, too, and what is none is named', async () => {
  await using store = memory();
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
  await store.put('a', bytes.buffer);
  await store.put('b', new DataView(bytes.buffer, 2));
  await store.put('c', new Uint16Array(bytes.buffer, 2, 1));
  await store.put('d', store.get('a'));
  assert.deepEqual(await store.get('a').bytes(), bytes);
  assert.deepEqual(await store.get('b').bytes(), bytes.slice(2));
  assert.deepEqual(await store.get('c').bytes(), bytes.slice(2, 4));
  assert.deepEqual(await store.get('d').bytes(), bytes);
  await assert.rejects(store.put('e', untyped(new Response('x'))), /not a Response$/);
  await assert.rejects(store.put('e', untyped({})), /not an object$/);
  await assert.rejects(store.put('e', untyped(undefined)), /not undefined$/);
});

test('a read is iterated without being awaited first', async () => {
  await using store = memory();
  await store.put('a', 'hello');
  let text = '';
  for await (const chunk of store.get('a')) text += Buffer.from(chunk).toString();
  assert.equal(text, 'hello');
});

test('a listing takes the prefix alone, as keys does', async () => {
  await using store = memory();
  for (const key of ['a/1', 'a/2', 'b']) await store.put(key, '');
  const entries = (await Array.fromAsync(store.list('a/'))) as ListedObject[];
  assert.deepEqual(
    entries.map(({ key }) => key),
    ['a/1', 'a/2'],
  );
});

test('a store is printed as its stack', () => {
  assert.equal(inspect(retry(5, prefix('a/', memory()))), 'retry(5, prefix("a/", memory()))');
});

test('a layer without a store, or with its arguments the wrong way round, is refused', () => {
  const store = memory();
  const wrong: readonly (() => unknown)[] = [
    () => retry(untyped(store), untyped(5)),
    () => retry(5, untyped(undefined)),
    () => prefix(untyped(store), untyped('a/')),
    () => compress(untyped(store), untyped(undefined)),
    () => cache(untyped(store), untyped(undefined)),
    () => encrypt(untyped({}), store),
    () => fanout(untyped(store), untyped(store)),
  ];
  for (const call of wrong) assert.throws(call, { code: 'InvalidArgument' }, String(call));
  assert.equal(limit(3, store).toString(), 'limit(3, memory())');
});

test('getFile: a folder that is missing is not a missing object', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cistern-store-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await using store = memory();
  await store.put('a', 'x');
  await rejects(store.getFile('a', join(folder, 'nowhere', 'a')), 'InvalidArgument');
  await rejects(store.getFile('b', join(folder, 'b')), 'NotFound');
});

test('open: what a URL or the options ask for is done or refused', async () => {
  const keys = { credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
  const emulator = { credentials: { connectionString: 'UseDevelopmentStorage=true' } };
  await rejects(open('sqlite::memory:?durable=false'), 'InvalidArgument');
  await rejects(open('zip:///nowhere/a.zip?level=9'), 'InvalidArgument');
  await rejects(open('mem:?bytes=1'), 'InvalidArgument');
  await rejects(open('mem:', keys), 'InvalidArgument');
  await rejects(open('/nowhere', keys), 'InvalidArgument');
  await rejects(open('mem:', untyped({ region: 'x' })), 'InvalidArgument');
  await rejects(open('s3://bucket/50%', keys), 'InvalidArgument');
  await rejects(open('az://bucket?versions=yes', emulator), 'InvalidArgument');
  await rejects(connect('http://127.0.0.1:9', keys.credentials, { regin: 'x' }), 'InvalidArgument');
});

test('open: what is no URL of a store is told what would be', async () => {
  await assert.rejects(open('data'), /a folder is \.\/data/);
  // As a URL it would be the folder of that name in the root.
  await assert.rejects(open('file:data'), /a folder is \.\/data/);
  await assert.rejects(open('http://127.0.0.1:9/bucket'), /s3:\/\/bucket\?endpoint=http:\/\/127\.0\.0\.1:9/);
});

test('stores by URL and of services try again what fails for a time', async () => {
  const s3Keys = { accessKeyId: 'a', secretAccessKey: 'b' };
  const azureKeys = { connectionString: 'UseDevelopmentStorage=true' };
  const emulator = 'http://127.0.0.1:10000/devstoreaccount1';
  const stores = [
    await open('s3://bucket', { credentials: s3Keys }),
    await open('az://bucket', { credentials: azureKeys }),
    (await connect('http://127.0.0.1:9', s3Keys)).bucket('bucket'),
    (await connect(emulator, azureKeys)).bucket('bucket'),
  ];
  for (const store of stores) {
    assert.match(store.toString(), /^retry\(5, /);
    await store.close();
  }
});
