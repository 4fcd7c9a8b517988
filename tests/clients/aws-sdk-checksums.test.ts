/**
 * @module @aws-sdk/client-s3 over TLS, where it sends checksums in trailers: every algorithm, on bodies and on streams.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { suite, test } from 'node:test';

import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { checksumBytes, checksumOf, loadChecksums } from '@cistern/protocol';

import { needsOwnServer, startTestServer } from '../support/server.ts';
import { createSdkClient, sdkError } from './aws-sdk.ts';
import { makeCertificate } from './certificate.ts';

await loadChecksums();

const Bucket = 'sdk-checksums';

/** Those that the SDK computes. */
const COMPUTED = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;
/** Those that it only sends and tells. */
const GIVEN = ['MD5', 'SHA512', 'XXHASH64', 'XXHASH3', 'XXHASH128'] as const;

interface Sent {
  encoding: string | undefined;
  trailer: string | undefined;
  payload: string | undefined;
}

/** What the SDK has put on the wire, so that a test shows what it claims to. */
function recordHeaders(client: S3Client): Sent[] {
  const sent: Sent[] = [];
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      sent.push({
        encoding: headers['content-encoding'],
        trailer: headers['x-amz-trailer'],
        payload: headers['x-amz-content-sha256'],
      });
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low', name: 'recordHeaders' },
  );
  return sent;
}

function streamOf(body: Buffer): Readable {
  // Uneven pieces: the SDK makes one chunk of each that is large enough.
  const pieces = [];
  for (let at = 0; at < body.length; at += 70_001) pieces.push(body.subarray(at, at + 70_001));
  return Readable.from(pieces, { objectMode: false });
}

suite('over TLS', { skip: needsOwnServer }, async () => {
  const { cert, key } = makeCertificate();
  const { s3: server } = await startTestServer({ tls: { cert, key } });
  assert.match(server.endpoint, /^https:/);
  const client = createSdkClient({
    endpoint: server.endpoint,
    credentials: server.credentials,
    authority: cert,
  });
  const sent = recordHeaders(client);
  await client.send(new CreateBucketCommand({ Bucket }));

  async function roundTrip(input: Omit<PutObjectCommandInput, 'Bucket' | 'Key'>, body: Buffer, Key: string) {
    const put = await client.send(new PutObjectCommand({ Bucket, Key, ...input }));
    const get = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
    // The SDK checks the checksum of what it reads, and throws here when it is wrong.
    const bytes = Buffer.from((await get.Body?.transformToByteArray()) ?? []);
    assert.ok(body.equals(bytes), `${Key} differs`);
    return { put, get };
  }

  test('a stream is sent with a CRC in its trailer by default, and it is stored', async () => {
    for (const size of [0, 1, 100_000, 3 * (1 << 20) + 1]) {
      const body = randomBytes(size);
      sent.length = 0;
      const Key = `default/${size}`;
      const { put, get } = await roundTrip({ Body: streamOf(body), ContentLength: size }, body, Key);
      assert.match(sent[0]?.encoding ?? '', /aws-chunked/);
      assert.match(sent[0]?.trailer ?? '', /^x-amz-checksum-crc/);
      assert.equal(sent[0]?.payload, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER');
      assert.ok(put.ChecksumCRC32 ?? put.ChecksumCRC64NVME);
      assert.equal(get.ContentEncoding, undefined, 'aws-chunked is not part of the object');
      assert.equal(get.ContentLength, size);
    }
  });

  for (const algorithm of COMPUTED) {
    test(`${algorithm} is verified, stored and returned, for bodies and for streams`, async () => {
      const field = `Checksum${algorithm}` as const;
      const body = randomBytes(200_000);
      const expected = Buffer.from(checksumOf(algorithm, body)).toString('base64');
      assert.equal(Buffer.from(expected, 'base64').length, checksumBytes(algorithm));
      const plain = await roundTrip({ Body: body, ChecksumAlgorithm: algorithm }, body, `${algorithm}/body`);
      assert.deepEqual([plain.put[field], plain.get[field]], [expected, expected]);

      sent.length = 0;
      const input = { Body: streamOf(body), ContentLength: body.length, ChecksumAlgorithm: algorithm };
      const streamed = await roundTrip(input, body, `${algorithm}/stream`);
      assert.equal(sent[0]?.trailer, `x-amz-checksum-${algorithm.toLowerCase()}`);
      assert.deepEqual([streamed.put[field], streamed.get[field]], [expected, expected]);

      const head = await client.send(
        new HeadObjectCommand({ Bucket, Key: `${algorithm}/body`, ChecksumMode: 'ENABLED' }),
      );
      assert.equal(head[field], expected);
      const silent = await client.send(new HeadObjectCommand({ Bucket, Key: `${algorithm}/body` }));
      assert.equal(silent[field], undefined);
    });
  }

  for (const algorithm of GIVEN) {
    test(`${algorithm} that the caller gives is stored and returned`, async () => {
      const body = randomBytes(200_000);
      const field = `Checksum${algorithm}` as const;
      const expected = checksumOf(algorithm, body).toString('base64');
      const Key = `${algorithm}/given`;
      const put = await client.send(new PutObjectCommand({ Bucket, Key, Body: body, [field]: expected }));
      const head = await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
      assert.deepEqual([put[field], head[field]], [expected, expected]);
    });
  }

  for (const algorithm of [...COMPUTED, ...GIVEN]) {
    test(`a wrong ${algorithm} is refused and leaves nothing behind`, async () => {
      const Key = `${algorithm}/wrong`;
      const wrong = Buffer.from(checksumOf(algorithm, Buffer.from('other')));
      const put = client.send(
        new PutObjectCommand({
          Bucket,
          Key,
          Body: 'body',
          [`Checksum${algorithm}`]: wrong.toString('base64'),
        }),
      );
      await assert.rejects(put, sdkError('BadDigest', 400));
      await assert.rejects(client.send(new HeadObjectCommand({ Bucket, Key })), sdkError('NotFound', 404));
    });
  }

  test('requests whose body is XML carry their checksum too', async () => {
    for (const algorithm of COMPUTED) {
      await client.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' }));
      const Delete = { Objects: [{ Key: 'x' }] };
      const deleted = await client.send(
        new DeleteObjectsCommand({ Bucket, Delete, ChecksumAlgorithm: algorithm }),
      );
      assert.equal(deleted.Deleted?.length, 1);
    }
  });
});
