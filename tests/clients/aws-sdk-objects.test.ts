/**
 * @module @aws-sdk/client-s3 against the server: objects, their headers, conditions, copies and deletions.
 */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';

import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchBucket,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';

import { startTestServer } from '../support/server.ts';
import { createSdkClient, sdkError } from './aws-sdk.ts';

const { s3: server } = await startTestServer();
const client = createSdkClient(server);
const Bucket = 'sdk-objects';
await client.send(new CreateBucketCommand({ Bucket }));

async function read(Key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

test('bodies come back byte for byte, whatever their size and kind', async () => {
  for (const size of [0, 1, 4_096, 65_537, 4 * (1 << 20) + 3]) {
    const body = randomBytes(size);
    const Key = `bytes/${size}`;
    const put = await client.send(new PutObjectCommand({ Bucket, Key, Body: body }));
    assert.equal(put.ETag, `"${createHash('md5').update(body).digest('hex')}"`);
    assert.ok(body.equals(await read(Key)), `${size} bytes differ`);

    const stream = Readable.from([body.subarray(0, size >> 1), body.subarray(size >> 1)], {
      objectMode: false,
    });
    await client.send(
      new PutObjectCommand({ Bucket, Key: `${Key}/stream`, Body: stream, ContentLength: size }),
    );
    assert.ok(body.equals(await read(`${Key}/stream`)), `${size} streamed bytes differ`);
  }
});

test('keys are opaque', async () => {
  for (const Key of ['a b+c%25', '//x', './..', '../up', 'tail/', 'ünï/日本語 🚰', '?q=1&r#f', "'(*)!~"]) {
    await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    assert.equal((await read(Key)).toString(), Key);
  }
});

test('standard headers and user metadata are kept, and overridden on request', async () => {
  const Expires = new Date('2031-01-02T03:04:05Z');
  const kept = {
    ContentType: 'text/x-test; charset=utf-8',
    ContentEncoding: 'identity-of-mine',
    ContentDisposition: 'attachment; filename="x.txt"',
    ContentLanguage: 'de, en',
    CacheControl: 'max-age=7, private',
  };
  const Metadata = { color: 'blue', 'with-dash': 'a  b' };
  await client.send(new PutObjectCommand({ Bucket, Key: 'headers', Body: 'x', ...kept, Metadata, Expires }));
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'headers' }));
  for (const [name, value] of Object.entries(kept))
    assert.equal(head[name as keyof typeof kept], value, name);
  assert.equal(head.ExpiresString, Expires.toUTCString());
  assert.equal(head.Metadata?.['color'], 'blue');
  assert.equal(head.ContentLength, 1);
  assert.equal(head.AcceptRanges, 'bytes');

  const overridden = await client.send(
    new GetObjectCommand({
      Bucket,
      Key: 'headers',
      ResponseContentType: 'application/x-other',
      ResponseCacheControl: 'no-store',
      ResponseContentDisposition: 'inline',
    }),
  );
  assert.equal(overridden.ContentType, 'application/x-other');
  assert.equal(overridden.CacheControl, 'no-store');
  assert.equal(overridden.ContentDisposition, 'inline');
  assert.equal(overridden.ContentLanguage, kept.ContentLanguage);
});

test('ranges are served as S3 does', async () => {
  const body = randomBytes(100_000);
  await client.send(new PutObjectCommand({ Bucket, Key: 'ranges', Body: body }));
  for (const [Range, start, end] of [
    ['bytes=0-0', 0, 1],
    ['bytes=5-99', 5, 100],
    ['bytes=99000-', 99_000, 100_000],
    ['bytes=-10', 99_990, 100_000],
    ['bytes=99999-200000', 99_999, 100_000],
  ] as const) {
    const part = await client.send(new GetObjectCommand({ Bucket, Key: 'ranges', Range }));
    assert.equal(part.$metadata.httpStatusCode, 206);
    assert.equal(part.ContentRange, `bytes ${start}-${end - 1}/100000`);
    assert.ok(
      body.subarray(start, end).equals(Buffer.from((await part.Body?.transformToByteArray()) ?? [])),
      Range,
    );
  }
  const beyond = client.send(new GetObjectCommand({ Bucket, Key: 'ranges', Range: 'bytes=100000-' }));
  await assert.rejects(beyond, sdkError('InvalidRange', 416));
});

test('conditional reads and writes are decided', async () => {
  const Key = 'conditions';
  const first = await client.send(new PutObjectCommand({ Bucket, Key, Body: 'one', IfNoneMatch: '*' }));
  const again = client.send(new PutObjectCommand({ Bucket, Key, Body: 'two', IfNoneMatch: '*' }));
  await assert.rejects(again, sdkError('PreconditionFailed', 412));
  const ETag = first.ETag ?? '';
  const second = await client.send(new PutObjectCommand({ Bucket, Key, Body: 'two', IfMatch: ETag }));
  const stale = client.send(new PutObjectCommand({ Bucket, Key, Body: 'three', IfMatch: ETag }));
  await assert.rejects(stale, sdkError('PreconditionFailed', 412));
  const absent = client.send(new PutObjectCommand({ Bucket, Key: 'absent', Body: 'x', IfMatch: ETag }));
  await assert.rejects(absent, sdkError('NoSuchKey', 404));
  assert.equal((await read(Key)).toString(), 'two');

  const unchanged = client.send(new GetObjectCommand({ Bucket, Key, IfNoneMatch: second.ETag ?? '' }));
  await assert.rejects(
    unchanged,
    (error: { $metadata: { httpStatusCode: number } }) => error.$metadata.httpStatusCode === 304,
  );
  const other = client.send(new GetObjectCommand({ Bucket, Key, IfMatch: ETag }));
  await assert.rejects(other, sdkError('PreconditionFailed', 412));
  const { LastModified } = await client.send(new HeadObjectCommand({ Bucket, Key }));
  await client.send(
    new HeadObjectCommand({ Bucket, Key, ...(LastModified && { IfUnmodifiedSince: LastModified }) }),
  );
});

test('copies keep or replace metadata, also onto themselves', async () => {
  const body = randomBytes(300_000);
  const Key = 'copy/source +%.bin';
  const CopySource = encodeURIComponent(`${Bucket}/${Key}`);
  await client.send(
    new PutObjectCommand({
      Bucket,
      Key,
      Body: body,
      ContentType: 'image/x-test',
      Metadata: { step: '1' },
      Tagging: 'a=1+2',
    }),
  );
  const copied = await client.send(new CopyObjectCommand({ Bucket, Key: 'copy/target', CopySource }));
  assert.equal(copied.CopyObjectResult?.ETag, `"${createHash('md5').update(body).digest('hex')}"`);
  assert.ok(copied.CopyObjectResult?.LastModified instanceof Date);
  assert.ok(body.equals(await read('copy/target')));
  const kept = await client.send(new HeadObjectCommand({ Bucket, Key: 'copy/target' }));
  assert.deepEqual([kept.ContentType, kept.Metadata], ['image/x-test', { step: '1' }]);

  const itself = client.send(new CopyObjectCommand({ Bucket, Key, CopySource }));
  await assert.rejects(itself, sdkError('InvalidRequest', 400));
  await client.send(
    new CopyObjectCommand({
      Bucket,
      Key,
      CopySource,
      MetadataDirective: 'REPLACE',
      ContentType: 'image/x-new',
      Metadata: { step: '2' },
    }),
  );
  const replaced = await client.send(new HeadObjectCommand({ Bucket, Key }));
  assert.deepEqual([replaced.ContentType, replaced.Metadata], ['image/x-new', { step: '2' }]);
  assert.ok(body.equals(await read(Key)));

  const missing = client.send(new CopyObjectCommand({ Bucket, Key: 'x', CopySource: `${Bucket}/none` }));
  await assert.rejects(missing, sdkError('NoSuchKey', 404));
  const condition = client.send(
    new CopyObjectCommand({ Bucket, Key: 'x', CopySource, CopySourceIfMatch: '"0"' }),
  );
  await assert.rejects(condition, sdkError('PreconditionFailed', 412));
});

test('objects are deleted singly and by the thousand', async () => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'gone', Body: 'x' }));
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
  await assert.rejects(client.send(new GetObjectCommand({ Bucket, Key: 'gone' })), NoSuchKey);
  await assert.rejects(
    client.send(new HeadObjectCommand({ Bucket, Key: 'gone' })),
    sdkError('NotFound', 404),
  );

  const present = ['many/1', 'many/2 &<>', 'many/日本'];
  for (const Key of present) await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  const absent = Array.from({ length: 997 }, (_, i) => `absent/${i}`);
  const Objects = [...present, ...absent].map((Key) => ({ Key }));
  const deleted = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.equal(deleted.Deleted?.length, 1_000);
  assert.equal(deleted.Errors, undefined);
  for (const Key of present) {
    await assert.rejects(client.send(new HeadObjectCommand({ Bucket, Key })), sdkError('NotFound', 404));
  }
  const quiet = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
  assert.equal(quiet.Deleted, undefined);
  const tooMany = client.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: [...Objects, { Key: 'one more' }] } }),
  );
  await assert.rejects(tooMany, sdkError('MalformedXML', 400));
});

test('errors arrive as the SDK’s own classes, with a request id', async () => {
  const noBucket = client.send(new GetObjectCommand({ Bucket: 'sdk-no-such-bucket', Key: 'k' }));
  await assert.rejects(
    noBucket,
    (error: NoSuchBucket) => error instanceof NoSuchBucket && Boolean(error.$metadata.requestId),
  );
  const wrongKey = new S3Client({
    endpoint: server.endpoint,
    region: server.region,
    credentials: { ...server.credentials, secretAccessKey: 'not the secret of this key' },
    forcePathStyle: true,
    maxAttempts: 1,
  });
  // The answer to HEAD has no body that could name the error.
  const head = wrongKey.send(new HeadObjectCommand({ Bucket, Key: 'headers' }));
  await assert.rejects(
    head,
    (error: { $metadata: { httpStatusCode?: number } }) => error.$metadata.httpStatusCode === 403,
  );
  const get = wrongKey.send(new GetObjectCommand({ Bucket, Key: 'headers' }));
  await assert.rejects(get, sdkError('SignatureDoesNotMatch', 403));
  wrongKey.destroy();
});
