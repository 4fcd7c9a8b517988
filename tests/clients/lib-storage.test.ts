/**
 * @module @aws-sdk/lib-storage against the server. A body of up to one part (5 MiB) is one PutObject, a larger one a
 * multipart upload.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';

import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

import { eventually } from '../support/eventually.ts';
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

test('a body of several parts, of a length that is known or not, is a multipart object', async () => {
  const body = randomBytes(2 * PART_BYTES + 70_000);
  for (const kind of ['buffer', 'stream'] as const) {
    const Body = kind === 'buffer' ? body : Readable.from(piecesOf(body));
    const Key = `large/${kind}`;
    const upload = new Upload({
      client,
      params: { Bucket, Key, Body, Metadata: { kind }, ContentType: 'text/x-test' },
      queueSize: 3,
    });
    const { ETag, Location } = await upload.done();
    assert.match(ETag ?? '', /^"[0-9a-f]{32}-3"$/);
    assert.equal(Location, `${server.endpoint}/${Bucket}/${Key}`);
    // The client compares the checksum where there is one of the whole.
    const get = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
    assert.ok(body.equals(Buffer.from((await get.Body?.transformToByteArray()) ?? [])), `${Key} differs`);
    assert.equal(get.Metadata?.['kind'], kind);
    assert.equal(get.ContentType, 'text/x-test');
  }
});

test('an upload that is aborted leaves nothing behind', { skip: needsOwnServer }, async () => {
  const started = Promise.withResolvers<undefined>();
  const ended = Promise.withResolvers<undefined>();
  const Body = Readable.from(
    (async function* () {
      yield* piecesOf(randomBytes(PART_BYTES + 1));
      await ended.promise;
    })(),
  );
  const upload = new Upload({ client, params: { Bucket, Key: 'aborted', Body } });
  upload.on('httpUploadProgress', () => started.resolve(undefined));
  const done = upload.done();
  await started.promise;
  await upload.abort();
  await assert.rejects(done, { name: 'AbortError' });
  // The client aborts on the server once its source has nothing more to say.
  ended.resolve(undefined);
  await eventually(async () => {
    const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
    assert.equal(Uploads, undefined);
  });
  await assert.rejects(
    client.send(new HeadObjectCommand({ Bucket, Key: 'aborted' })),
    sdkError('NotFound', 404),
  );
});

function* piecesOf(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += 1 << 20) yield body.subarray(at, at + (1 << 20));
}
