/**
 * @module Live uploads whose bodies are aws-chunked: nothing is shown to anybody before the signature of its chunk has been
 * verified, and the last part not before the checksum in the trailer.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';

import {
  ChunkedEncoder,
  STREAMING_SIGNED,
  STREAMING_SIGNED_TRAILER,
  STREAMING_UNSIGNED_TRAILER,
} from '@cistern/protocol';

import { expectError } from '../support/expect.ts';
import { etagOfParts, LiveKey } from '../support/live.ts';
import type { LiveUpload } from '../support/live.ts';
import { startTestServer } from '../support/server.ts';

const PART = 64 * 1024;
const { s3 } = await startTestServer({ threads: 2, livePartBytes: PART });
const bucket = await s3.freshBucket();
let keys = 0;
const fresh = (): LiveKey => new LiveKey(s3, bucket, `chunked/${keys++}`);

const SUM = 'x-amz-checksum-crc32';

function crc32Base64(bytes: Buffer): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}

interface Chunked {
  readonly upload: LiveUpload;
  /** Sends a chunk; `bend` changes it on its way. */
  chunk(bytes: Buffer, bend?: (framed: Buffer) => Buffer): Promise<void>;
  /** Sends what follows the last chunk. */
  last(sum?: string): Promise<void>;
}

/** @param decodedLength what the headers tell of the payload; null: nothing */
async function begin(at: LiveKey, form: string, decodedLength: number | null = null): Promise<Chunked> {
  const trailer = form !== STREAMING_SIGNED;
  const headers: Record<string, string> = { 'content-encoding': 'aws-chunked' };
  if (trailer) headers['x-amz-trailer'] = SUM;
  if (decodedLength !== null) headers['x-amz-decoded-content-length'] = String(decodedLength);
  const upload = await at.begin({ payload: form, headers });
  const signed = form === STREAMING_UNSIGNED_TRAILER ? undefined : upload.signing;
  const encoder = new ChunkedEncoder({ signed, trailer });
  return {
    upload,
    chunk: (bytes, bend = (framed) => framed) => upload.send(bend(Buffer.concat(encoder.chunk(bytes)))),
    last: (sum = '') => upload.send(encoder.end(trailer ? [[SUM, sum]] : [])),
  };
}

for (const form of [STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER]) {
  for (const known of [true, false]) {
    test(`${form}, its length ${known ? 'told' : 'unknown'}: it is read as its chunks come`, async () => {
      const at = fresh();
      const bytes = randomBytes(5 * PART + 3);
      const put = await begin(at, form, known ? bytes.length : null);
      // One that ends within a part, one of several parts.
      const cuts = [0, PART + 100, 4 * PART + 100, bytes.length];
      await put.chunk(bytes.subarray(cuts[0], cuts[1]));
      const id = await at.upload();
      const follower = await at.follow(id);
      await follower.until(PART);
      await put.chunk(bytes.subarray(cuts[1], cuts[2]));
      await follower.until(4 * PART);
      await put.chunk(bytes.subarray(cuts[2], cuts[3]));
      await put.last(crc32Base64(bytes));
      const answer = await put.upload.end();
      assert.equal(answer.headers.get('etag'), etagOfParts(bytes, PART));
      assert.ok((await follower.ended).equals(bytes));
      const object = await s3.object('GET', bucket, at.key, {
        headers: { 'x-amz-checksum-mode': 'ENABLED' },
      });
      assert.ok(object.body.equals(bytes));
      assert.equal(object.headers[SUM], form === STREAMING_SIGNED ? undefined : crc32Base64(bytes));
    });
  }
}

for (const form of [STREAMING_SIGNED, STREAMING_SIGNED_TRAILER]) {
  test(`${form}: nobody sees a byte of a chunk whose signature is wrong`, async () => {
    const at = fresh();
    const put = await begin(at, form);
    const good = randomBytes(PART + 10);
    await put.chunk(good);
    const id = await at.upload();
    const follower = await at.follow(id);
    await follower.until(PART);
    await put.chunk(randomBytes(4 * PART), (framed) => {
      // In its last part: those before it are whole, and wait.
      framed.writeUInt8(framed.readUInt8(4 * PART) ^ 1, 4 * PART);
      return framed;
    });
    await put.upload.answer(403, 'SignatureDoesNotMatch');
    await assert.rejects(follower.ended);
    assert.ok(follower.received().equals(good.subarray(0, PART)));
    assert.equal(await at.stateOf(id), 'aborted');
    expectError(await at.object(), 404, 'NoSuchKey');
  });
}

for (const form of [STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER]) {
  test(`${form}: a wrong checksum breaks followers, and leaves nothing`, async () => {
    const at = fresh();
    const put = await begin(at, form);
    await put.chunk(randomBytes(PART + 10));
    const id = await at.upload();
    const follower = await at.follow(id);
    await follower.until(PART);
    await put.last(crc32Base64(Buffer.from('other')));
    await put.upload.end(400, 'BadDigest');
    await assert.rejects(follower.ended);
    assert.equal(follower.received().length, PART, 'the last part waits for the checksum');
    assert.equal(await at.stateOf(id), 'aborted');
    expectError(await at.object(), 404, 'NoSuchKey');
  });
}

test('a body that ends before its last chunk, or beside its length, is no object', async () => {
  const cut = fresh();
  const first = await begin(cut, STREAMING_SIGNED);
  await first.chunk(randomBytes(2 * PART));
  await first.upload.end(400, 'IncompleteBody');
  const short = fresh();
  const second = await begin(short, STREAMING_SIGNED, 3 * PART);
  await second.chunk(randomBytes(2 * PART));
  await second.last();
  await second.upload.answer(400, 'IncompleteBody');
  for (const at of [cut, short]) {
    assert.equal(await at.stateOf(await at.upload()), 'aborted');
    expectError(await at.object(), 404, 'NoSuchKey');
  }
});

test('a chunk is not longer than the parts that may wait for its signature', async () => {
  const at = fresh();
  const put = await begin(at, STREAMING_SIGNED);
  // What is on its way is small enough to be read and dropped, so that the client gets to see the answer.
  await put.chunk(Buffer.alloc(18 * PART));
  await put.upload.end(400, 'InvalidRequest');
  assert.equal(await at.stateOf(await at.upload()), 'aborted');
});

test('who goes on with an upload may sign its chunks, too', async () => {
  const at = fresh();
  const bytes = randomBytes(2 * PART);
  const upload = await at.begin();
  await upload.send(bytes.subarray(0, PART));
  const id = await at.upload();
  await at.committed(id, PART);
  upload.vanish();
  const headers = {
    'x-amz-write-offset-bytes': String(PART),
    'content-encoding': 'aws-chunked',
    'x-amz-trailer': SUM,
  };
  const query = `cistern-upload=${id}`;
  const resumed = await at.begin({ query, headers, payload: STREAMING_SIGNED_TRAILER });
  const encoder = new ChunkedEncoder({ signed: resumed.signing, trailer: true });
  const rest = bytes.subarray(PART);
  await resumed.send(Buffer.concat(encoder.chunk(rest)));
  await resumed.send(encoder.end([[SUM, crc32Base64(rest)]]));
  const answer = await resumed.end();
  assert.equal(answer.headers.get(SUM), undefined, 'it is not that of the object');
  assert.ok((await at.object()).body.equals(bytes));
});
