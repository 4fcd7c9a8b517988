/**
 * @module The AWS SDK writes, finds and follows a live upload, over TLS: what S3 does not have is a header or a parameter,
 * which a middleware adds before the request is signed.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';

import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';

import { eventually } from '../support/eventually.ts';
import { etagOfParts } from '../support/live.ts';
import { startTestServer } from '../support/server.ts';
import { createSdkClient, sdkError } from './aws-sdk.ts';
import { makeCertificate } from './certificate.ts';

const PART = 64 * 1024;
const { cert, key } = makeCertificate();
const { s3: server } = await startTestServer({ tls: { cert, key }, livePartBytes: PART, threads: 2 });
const { endpoint, credentials } = server;
const client = createSdkClient({ endpoint, credentials, authority: cert });
const Bucket = 'sdk-live';
await client.send(new CreateBucketCommand({ Bucket }));

interface Extras {
  readonly headers?: Record<string, string>;
  readonly query?: Record<string, string>;
}

/** What a command's middleware stack takes, of any command. */
interface WithMiddleware {
  readonly middlewareStack: {
    add(
      middleware: (next: (args: never) => Promise<never>) => (args: never) => Promise<never>,
      options: { step: 'build'; name: string },
    ): void;
  };
}

/** Adds to a command what the SDK knows nothing of. */
function extended<C extends object>(command: C, { headers, query }: Extras): C {
  (command as unknown as WithMiddleware).middlewareStack.add(
    (next) => (args) => {
      const { request } = args as { request: Required<Extras> };
      Object.assign(request.headers, headers);
      Object.assign(request.query, query);
      return next(args);
    },
    { step: 'build', name: 'cistern' },
  );
  return command;
}

async function uploadOf(Prefix: string): Promise<string> {
  let id: string | undefined;
  await eventually(async () => {
    const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix }));
    id = Uploads?.[0]?.UploadId;
    assert.ok(id !== undefined);
  });
  return id as string;
}

const livePut = (Key: string, Body: PassThrough, ContentLength: number): PutObjectCommand =>
  extended(new PutObjectCommand({ Bucket, Key, Body, ContentLength }), {
    headers: { 'x-cistern-live': 'true' },
  });

const followed = (Key: string, id: string): GetObjectCommand =>
  extended(new GetObjectCommand({ Bucket, Key }), {
    headers: { 'x-cistern-follow': 'true' },
    query: { 'cistern-upload': id },
  });

test('a stream with the checksum of the SDK is followed while it is written', async () => {
  const Key = 'followed';
  const bytes = randomBytes(6 * PART + 11);
  const body = new PassThrough();
  const putting = client.send(livePut(Key, body, bytes.length));
  body.write(bytes.subarray(0, 3 * PART));
  const id = await uploadOf(Key);
  const { Body } = await client.send(followed(Key, id));
  const reading = Body?.transformToByteArray();
  body.end(bytes.subarray(3 * PART));
  const put = await putting;
  assert.equal(put.ETag, etagOfParts(bytes, PART));
  assert.ok(put.ChecksumCRC32);
  assert.ok(Buffer.from((await reading) ?? []).equals(bytes));
  const object = await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
  assert.equal(object.ChecksumCRC32, put.ChecksumCRC32);
});

test('an abort is an error of the body that is followed, and of the upload', async () => {
  const Key = 'aborted';
  const body = new PassThrough();
  const putting = client.send(livePut(Key, body, 4 * PART));
  putting.catch(() => undefined);
  body.write(randomBytes(2 * PART));
  const UploadId = await uploadOf(Key);
  const { Body } = await client.send(followed(Key, UploadId));
  const reading = Body?.transformToByteArray();
  // It breaks before anybody waits for it.
  reading?.catch(() => undefined);
  await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  await assert.rejects(async () => reading);
  body.end(randomBytes(2 * PART));
  await assert.rejects(putting, sdkError('NoSuchUpload', 404));
});
