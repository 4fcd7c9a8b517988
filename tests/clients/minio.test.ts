/**
 * @module The minio npm client against the server. It has a signature, an XML reader and an uploader of its own.
 */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';

import { Client, CopyDestinationOptions, CopySourceOptions } from 'minio';
import { request } from 'undici';

import { startTestServer } from '../support/server.ts';
import { createSandbox } from './commands.ts';

const { s3: server } = await startTestServer();
const { hostname, port } = new URL(server.endpoint);
const client = new Client({
  endPoint: hostname,
  port: Number(port),
  useSSL: false,
  accessKey: server.credentials.accessKeyId,
  secretKey: server.credentials.secretAccessKey,
});
const bucket = 'minio-client';
await client.makeBucket(bucket);

interface Entry {
  name?: string;
  prefix?: string;
  size: number;
}

async function collect(stream: AsyncIterable<unknown>): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of stream) entries.push(entry as Entry);
  return entries;
}

function hasCode(code: string): (error: { code?: string }) => boolean {
  return (error) => error.code === code;
}

test('a bucket lives from creation to removal', async () => {
  assert.equal(await client.bucketExists('minio-life'), false);
  await client.makeBucket('minio-life', 'us-east-1');
  assert.equal(await client.bucketExists('minio-life'), true);
  const names = (await client.listBuckets()).map(({ name }) => name);
  assert.ok(names.includes('minio-life') && names.includes(bucket));
  await client.putObject('minio-life', 'k', 'v');
  await assert.rejects(client.removeBucket('minio-life'), hasCode('BucketNotEmpty'));
  await client.removeObject('minio-life', 'k');
  await client.removeBucket('minio-life');
  assert.equal(await client.bucketExists('minio-life'), false);
});

test('buffers, strings and streams are put and got back', async () => {
  for (const size of [0, 1, 5_000, 3 * (1 << 20) + 5]) {
    const body = randomBytes(size);
    const put = await client.putObject(bucket, `put/${size}`, body, size, { 'X-Amz-Meta-Kind': 'buffer' });
    assert.equal(put.etag, createHash('md5').update(body).digest('hex'));
    assert.ok(body.equals(await buffer(await client.getObject(bucket, `put/${size}`))));

    const stream = Readable.from([body.subarray(0, size >> 1), body.subarray(size >> 1)], {
      objectMode: false,
    });
    await client.putObject(bucket, `stream/${size}`, stream, size);
    assert.ok(body.equals(await buffer(await client.getObject(bucket, `stream/${size}`))));
  }
  const stat = await client.statObject(bucket, 'put/5000');
  assert.equal(stat.size, 5_000);
  assert.equal(stat.metaData['kind'], 'buffer');
  assert.ok(Math.abs(stat.lastModified.getTime() - Date.now()) < 60_000);
});

test('what is larger than a part goes up in parts, of a length that is known or not', async () => {
  const large = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    accessKey: server.credentials.accessKeyId,
    secretKey: server.credentials.secretAccessKey,
    partSize: 5 << 20,
  });
  const body = randomBytes(12 * (1 << 20) + 5);
  for (const size of [body.length, undefined]) {
    const stream = Readable.from([body.subarray(0, 100), body.subarray(100)], { objectMode: false });
    const put = await large.putObject(bucket, 'parts', stream, size, { 'X-Amz-Meta-Kind': 'parts' });
    // How many they are depends on how its stream is read; it numbers them from 2 on.
    assert.match(put.etag, /-\d$/);
    assert.ok(body.equals(await buffer(await large.getObject(bucket, 'parts'))));
    assert.equal((await large.statObject(bucket, 'parts')).metaData['kind'], 'parts');
  }
  assert.deepEqual(await collect(large.listIncompleteUploads(bucket, '', true)), []);
});

test('files go up and down', async () => {
  const { home } = await createSandbox();
  const body = randomBytes(2 * (1 << 20) + 11);
  await writeFile(join(home, 'up.png'), body);
  await client.fPutObject(bucket, 'file/größe 日本.png', join(home, 'up.png'), {
    'Cache-Control': 'no-cache',
  });
  await client.fGetObject(bucket, 'file/größe 日本.png', join(home, 'down.png'));
  assert.ok(body.equals(await readFile(join(home, 'down.png'))));
  const stat = await client.statObject(bucket, 'file/größe 日本.png');
  assert.deepEqual(
    [stat.metaData['content-type'], stat.metaData['cache-control']],
    ['image/png', 'no-cache'],
  );
});

test('a part of an object is read', async () => {
  const body = randomBytes(200_000);
  await client.putObject(bucket, 'partial', body);
  const middle = await buffer(await client.getPartialObject(bucket, 'partial', 70_000, 1_000));
  assert.ok(body.subarray(70_000, 71_000).equals(middle));
  const rest = await buffer(await client.getPartialObject(bucket, 'partial', 199_990));
  assert.ok(body.subarray(199_990).equals(rest));
});

test('objects are copied, with and without new metadata', async () => {
  const body = randomBytes(100_000);
  await client.putObject(bucket, 'from me+&', body, body.length, { 'X-Amz-Meta-Step': '1' });
  await client.copyObject(bucket, 'copied', `/${bucket}/from me+&`);
  assert.ok(body.equals(await buffer(await client.getObject(bucket, 'copied'))));
  assert.equal((await client.statObject(bucket, 'copied')).metaData['step'], '1');
  await client.copyObject(
    new CopySourceOptions({ Bucket: bucket, Object: 'from me+&' }),
    new CopyDestinationOptions({
      Bucket: bucket,
      Object: 'replaced',
      UserMetadata: { step: '2' },
      MetadataDirective: 'REPLACE',
    }),
  );
  assert.ok(body.equals(await buffer(await client.getObject(bucket, 'replaced'))));
  assert.equal((await client.statObject(bucket, 'replaced')).metaData['step'], '2');
});

test('listings stream every key once, flat and by folder, in both versions', async () => {
  const keys = ['list/a', 'list/b +%', 'list/c/1', 'list/c/2', 'list/d/e/f', 'list/é/日本'];
  for (const key of keys) await client.putObject(bucket, key, key);
  for (const list of ['listObjects', 'listObjectsV2'] as const) {
    const flat = await collect(client[list](bucket, 'list/', true));
    assert.deepEqual(
      flat.map(({ name }) => name),
      keys,
    );
    const folders = await collect(client[list](bucket, 'list/', false));
    const found = new Set(folders.map(({ name, prefix }) => name ?? prefix));
    assert.equal(found.size, folders.length);
    assert.deepEqual(found, new Set(['list/a', 'list/b +%', 'list/c/', 'list/d/', 'list/é/']));
  }
  // More than the 1,000 of one page.
  const body = Buffer.from('x');
  const many = Array.from({ length: 1_050 }, (_, i) => `many/${String(i).padStart(4, '0')}`);
  for (let at = 0; at < many.length; at += 50) {
    await Promise.all(many.slice(at, at + 50).map((key) => client.putObject(bucket, key, body)));
  }
  const listed = (await collect(client.listObjectsV2(bucket, 'many/', true))).map(({ name }) => name);
  assert.deepEqual(listed, many);

  const results = await client.removeObjects(bucket, many);
  assert.deepEqual(
    results.filter((result) => result && 'Error' in result && result.Error),
    [],
  );
  assert.deepEqual(await collect(client.listObjects(bucket, 'many/', true)), []);
});

test('what is not there is said so', async () => {
  await assert.rejects(client.getObject(bucket, 'absent'), hasCode('NoSuchKey'));
  await assert.rejects(client.statObject(bucket, 'absent'), hasCode('NotFound'));
  await assert.rejects(client.getObject('minio-absent', 'absent'), hasCode('NoSuchBucket'));
  await client.removeObject(bucket, 'absent');
});

test('presigned URLs work for whoever holds them', async () => {
  const body = randomBytes(90_000);
  const putUrl = await client.presignedPutObject(bucket, 'signed/ü +.bin', 60);
  const put = await request(putUrl, { method: 'PUT', body });
  assert.equal(put.statusCode, 200, await put.body.text());
  const getUrl = await client.presignedGetObject(bucket, 'signed/ü +.bin', 60, {
    'response-content-type': 'application/x-mine',
    'response-content-disposition': 'attachment; filename="a b.bin"',
  });
  const get = await request(getUrl);
  assert.equal(get.statusCode, 200);
  assert.equal(get.headers['content-type'], 'application/x-mine');
  assert.equal(get.headers['content-disposition'], 'attachment; filename="a b.bin"');
  assert.ok(body.equals(Buffer.from(await get.body.arrayBuffer())));

  const bent = await request(getUrl.replace('x-mine', 'x-yours'));
  assert.equal(bent.statusCode, 403);
  assert.match(await bent.body.text(), /SignatureDoesNotMatch/);
  const list = await request(await client.presignedUrl('GET', bucket, '', 60, { prefix: 'signed/' }));
  assert.match(await list.body.text(), /<Key>signed\/ü \+\.bin<\/Key>/);
});
