/**
 * @module Multipart uploads step by step with the AWS SDK for JavaScript, whose defaults add a checksum to every part.
 */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';

import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { checksumOf, loadChecksums } from '@cistern/protocol';

import { startTestServer } from '../support/server.ts';
import { createSdkClient, sdkError } from './aws-sdk.ts';

const { s3: server } = await startTestServer();
const client = createSdkClient(server);
const Bucket = 'sdk-multipart';
await client.send(new CreateBucketCommand({ Bucket }));
await loadChecksums();

const bodies = [randomBytes(5 << 20), randomBytes(5 << 20), randomBytes(1000)];
const whole = Buffer.concat(bodies);

type Options = Omit<CreateMultipartUploadCommandInput, 'Bucket' | 'Key'>;

/** Sends all parts, and returns the list that completes them. */
async function send(
  Key: string,
  options: Options = {},
): Promise<{ UploadId: string | undefined; Parts: CompletedPart[] }> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...options }));
  const Parts = await Promise.all(
    bodies.map(async (Body, index) => {
      const PartNumber = index + 1;
      const { ChecksumAlgorithm } = options;
      const input = { Bucket, Key, UploadId, PartNumber, Body };
      const { $metadata, ...part } = await client.send(
        new UploadPartCommand(ChecksumAlgorithm === undefined ? input : { ...input, ChecksumAlgorithm }),
      );
      assert.equal($metadata.httpStatusCode, 200);
      assert.equal(part.ETag, `"${createHash('md5').update(Body).digest('hex')}"`);
      return { PartNumber, ...part };
    }),
  );
  return { UploadId, Parts };
}

async function read(Key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME'] as const) {
  test(`an object with ${ChecksumAlgorithm}`, async () => {
    const Key = ChecksumAlgorithm;
    const { UploadId, Parts } = await send(Key, { ChecksumAlgorithm });
    const list = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
    const field = `Checksum${ChecksumAlgorithm}` as const;
    assert.deepEqual(
      list.Parts?.map((part) => part[field]),
      bodies.map((body) => checksumOf(ChecksumAlgorithm, body).toString('base64')),
    );
    const done = await client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
    );
    const isWhole = ChecksumAlgorithm === 'CRC64NVME';
    assert.equal(done.ChecksumType, isWhole ? 'FULL_OBJECT' : 'COMPOSITE');
    if (isWhole) assert.equal(done[field], checksumOf(ChecksumAlgorithm, whole).toString('base64'));
    else assert.match(done[field] ?? '', /-3$/);
    assert.ok(whole.equals(await read(Key)));
  });
}

test('an object whose checksum is that of the whole, told by the client', async () => {
  const Key = 'full';
  const { UploadId, Parts } = await send(Key, { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
  const complete = (ChecksumCRC32: string): Promise<unknown> =>
    client.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key,
        UploadId,
        MultipartUpload: { Parts },
        ChecksumType: 'FULL_OBJECT',
        ChecksumCRC32,
        MpuObjectSize: whole.length,
      }),
    );
  await assert.rejects(complete('AAAAAA=='), sdkError('BadDigest', 400));
  await complete(checksumOf('CRC32', whole).toString('base64'));
  assert.ok(whole.equals(await read(Key)));
});

test('its parts are told, and read one by one', async () => {
  const Key = 'CRC32';
  const attributes = await client.send(
    new GetObjectAttributesCommand({
      Bucket,
      Key,
      ObjectAttributes: ['ETag', 'Checksum', 'ObjectParts', 'ObjectSize', 'StorageClass'],
    }),
  );
  assert.equal(attributes.ObjectSize, whole.length);
  assert.equal(attributes.ObjectParts?.TotalPartsCount, 3);
  assert.deepEqual(
    attributes.ObjectParts.Parts?.map(({ Size }) => Size),
    bodies.map(({ length }) => length),
  );
  for (const [index, body] of bodies.entries()) {
    const PartNumber = index + 1;
    const input = { Bucket, Key, PartNumber, ChecksumMode: 'ENABLED' } as const;
    const head = await client.send(new HeadObjectCommand(input));
    assert.deepEqual([head.PartsCount, head.ContentLength], [3, body.length]);
    const get = await client.send(new GetObjectCommand(input));
    assert.ok(body.equals(Buffer.from((await get.Body?.transformToByteArray()) ?? [])));
  }
});

test('parts are copied from objects', async () => {
  const Key = 'copied';
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const Parts: CompletedPart[] = [];
  for (const [index, CopySourceRange] of ['bytes=1-5242880', 'bytes=10000000-10000009'].entries()) {
    const PartNumber = index + 1;
    const { CopyPartResult } = await client.send(
      new UploadPartCopyCommand({
        Bucket,
        Key,
        UploadId,
        PartNumber,
        CopySource: `${Bucket}/full`,
        CopySourceRange,
      }),
    );
    assert.ok(CopyPartResult?.LastModified);
    Parts.push({ PartNumber, ETag: CopyPartResult.ETag });
  }
  await client.send(
    new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
  );
  const expected = Buffer.concat([whole.subarray(1, 5_242_881), whole.subarray(10_000_000, 10_000_010)]);
  assert.ok(expected.equals(await read(Key)));
});

test('errors have their names', async () => {
  const Key = 'errors';
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const list = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }));
  assert.deepEqual(
    list.Uploads?.map((upload) => [upload.Key, upload.UploadId]),
    [[Key, UploadId]],
  );
  const Parts = [{ PartNumber: 1, ETag: '"x"' }];
  const complete = new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
  await assert.rejects(client.send(complete), sdkError('InvalidPart', 400));
  await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  await assert.rejects(client.send(complete), sdkError('NoSuchUpload', 404));
  await assert.rejects(
    client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })),
    sdkError('NoSuchUpload', 404),
  );
});
