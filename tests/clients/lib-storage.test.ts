/**
 * @module @aws-sdk/lib-storage against the server. A body of up to one part (5 MiB) is one PutObject.
 *
 * A larger one is a multipart upload, which the server refuses as a whole until it has those operations: then this
 * file's last test has to become a round trip.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';

import { CreateBucketCommand, GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

import { needsOwnServer, startTestServer } from '../support/server.ts';
import { createSdkClient, sdkError } from './aws-sdk.ts';

const { s3: server } = await startTestServer();
const client = createSdkClient(server);
const Bucket = 'sdk-lib-storage';
await client.send(new CreateBucketCommand({ Bucket }));

const PART_BYTES = 5 << 20;

test('buffers and streams of up to one part are uploaded whole', async () => {
  for (const size of [0, 1, 70_000, PART_BYTES - 1]) {
    const body = randomBytes(size);
    for (const kind of ['buffer', 'stream'] as const) {
      const Key = `${kind}/${size}`;
      // A stream of unknown length, as from a pipe.
      const Body =
        kind === 'buffer' ? body : Readable.from([body.subarray(0, size >> 1), body.subarray(size >> 1)]);
      const progress: (number | undefined)[] = [];
      const upload = new Upload({ client, params: { Bucket, Key, Body, Metadata: { kind } } });
      upload.on('httpUploadProgress', ({ loaded }) => progress.push(loaded));
      const { ETag } = await upload.done();
      assert.ok(ETag);
      const get = await client.send(new GetObjectCommand({ Bucket, Key }));
      assert.ok(body.equals(Buffer.from((await get.Body?.transformToByteArray()) ?? [])), `${Key} differs`);
      assert.equal(get.Metadata?.['kind'], kind);
      if (size > 0) assert.equal(progress.at(-1), size);
    }
  }
});

test(
  'a body of several parts is refused as not implemented, and leaves nothing behind',
  { skip: needsOwnServer },
  async () => {
    const upload = new Upload({
      client,
      params: { Bucket, Key: 'large', Body: randomBytes(2 * PART_BYTES) },
    });
    await assert.rejects(upload.done(), sdkError('NotImplemented', 501));
    await assert.rejects(
      client.send(new HeadObjectCommand({ Bucket, Key: 'large' })),
      sdkError('NotFound', 404),
    );
  },
);
