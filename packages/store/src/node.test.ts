/** Node's and the web's streams, in and out, and files. */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { isStoreError } from './errors.ts';
import { memory } from './memory.ts';
import { toReadable, toWritable } from './node.ts';
import { toWritableStream } from './upload-stream.ts';

const BYTES = Buffer.alloc(300_000, 'abcdefg');

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'cistern-store-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('a Readable is a body, and a body is a Readable', async () => {
  await using store = memory();
  await store.put('a', Readable.from([BYTES.subarray(0, 1000), BYTES.subarray(1000)]));
  assert.deepEqual(await buffer(toReadable(await store.get('a'))), BYTES);
});

test('a pipeline into an upload completes it', async () => {
  await using store = memory();
  const upload = await store.upload('a');
  await pipeline(Readable.from([BYTES]), toWritable(upload));
  assert.deepEqual(Buffer.from(await store.get('a').bytes()), BYTES);
});

test('a pipeline that breaks leaves an upload to be resumed, and no object', async () => {
  await using store = memory();
  const upload = await store.upload('a', { partSize: 1000 });
  const breaking = Readable.from(
    (function* () {
      yield BYTES.subarray(0, 5000);
      throw new RangeError('broken');
    })(),
  );
  await assert.rejects(pipeline(breaking, toWritable(upload)), /broken/);
  assert.equal(await store.exists('a'), false);
  const again = await store.upload('a', { resume: upload.id });
  assert.equal(again.committed, 5000);
});

test('a web stream is piped into an upload and out of an object', async () => {
  await using store = memory();
  await new Blob([BYTES]).stream().pipeTo(toWritableStream(await store.upload('a')));
  const out = await new Response(store.get('a').stream()).arrayBuffer();
  assert.deepEqual(Buffer.from(out), BYTES);
  assert.equal(
    await new Response(store.get('a', { range: { suffix: 7 } }).stream()).text(),
    BYTES.subarray(-7).toString(),
  );
});

test('a stream of an object that is not there fails when it is read', async () => {
  await using store = memory();
  const error = await store
    .get('none')
    .stream()
    .getReader()
    .read()
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  assert.ok(isStoreError(error, 'NotFound'));
});

test('files go in and come out, whole or not at all', async (t) => {
  await using store = memory();
  const path = folder(t);
  writeFileSync(join(path, 'in'), BYTES);
  const info = await store.putFile('a', join(path, 'in'), { attributes: { contentType: 'text/plain' } });
  assert.equal(info.size, BYTES.length);
  writeFileSync(join(path, 'out'), 'what was there');
  await store.getFile('a', join(path, 'out'));
  assert.deepEqual(readFileSync(join(path, 'out')), BYTES);
  await assert.rejects(store.getFile('none', join(path, 'out')), { code: 'NotFound' });
  await assert.rejects(store.putFile('b', join(path, 'none')), { code: 'NotFound' });
  await assert.rejects(store.putFile('b', path), { code: 'InvalidArgument' });
  assert.deepEqual(readdirSync(path).sort(), ['in', 'out'], 'nothing is left over');
});

test('what people call every day', async () => {
  await using store = memory();
  await store.put('a/1', '{"n": 1}');
  await store.put('a/2', 'two');
  await store.put('b', 'b');
  assert.deepEqual(await store.get('a/1').json(), { n: 1 });
  assert.equal(await store.exists('a/1'), true);
  assert.equal(await store.exists('none'), false);
  assert.deepEqual(await Array.fromAsync(store.keys('a/')), ['a/1', 'a/2']);
  assert.equal((await store.head('b')).size, 1);
  await store.move('b', 'c');
  assert.deepEqual(await Array.fromAsync(store.keys()), ['a/1', 'a/2', 'c']);
  await assert.rejects(store.move('c', 'c'), { code: 'InvalidArgument' });
  await store.delete('c');
  assert.equal(await store.exists('c'), false);
  const { deleted, failed } = await store.deleteMany(['a/1', 'nul\0', 'a/2']);
  assert.equal(deleted, 2);
  assert.deepEqual(
    failed.map(({ key, error }) => [key, error.code]),
    [['nul\0', 'InvalidKey']],
  );
  const into = new Uint8Array(10);
  await store.put('d', 'hello');
  await store.readInto('d', into);
  assert.equal(Buffer.from(into.subarray(0, 5)).toString(), 'hello');
});
