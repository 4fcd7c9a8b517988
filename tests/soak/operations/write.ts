/** @module What writes an object of the soak: puts of every kind of body, appends, copies, renames, deletes, tags. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import {
  checksumOf,
  ChunkedEncoder,
  encodeKey,
  STREAMING_SIGNED,
  STREAMING_SIGNED_TRAILER,
  STREAMING_UNSIGNED_TRAILER,
} from '@cistern/protocol';
import type { ChunkSigningContext } from '@cistern/protocol';

import { expectError, expectStatus } from '../../support/expect.ts';
import { md5Base64 } from '../../support/s3.ts';
import type { S3RequestOptions, S3Response } from '../../support/s3.ts';
import { elements, text } from '../../support/xml.ts';
import { sizeOf } from '../content.ts';
import type { Bucket, Lane } from '../lane.ts';

/** Above this the client does not hash bodies, as most do not. Bytes. */
const HASHED_MAX = 1024 * 1024;

const ATTRIBUTES = { 'content-type': 'text/plain', 'x-amz-meta-note': 'kept' };

const quotedMd5 = (bytes: Buffer): string => `"${createHash('md5').update(bytes).digest('hex')}"`;

export async function put(lane: Lane): Promise<void> {
  const bucket = lane.anyBucket();
  const size = lane.sizeClass();
  const key = lane.keyFor(size);
  const bytes = lane.bytes(size);
  const tagged = lane.pick(4) === 0;
  const response = await lane.s3.object('PUT', bucket.name, key, {
    body: bytes,
    headers: { ...ATTRIBUTES, ...(tagged && { 'x-amz-tagging': 'a=1&b=2' }) },
    ...(bytes.length > HASHED_MAX && { payload: 'UNSIGNED-PAYLOAD' }),
  });
  expectStatus(response, 200);
  if (bytes.length <= HASHED_MAX) assert.equal(response.headers['etag'], quotedMd5(bytes));
  await lane.wrote(bucket, key, { content: [bytes], response, tags: tagged ? 2 : 0 });
}

const FORMS = [STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER] as const;

/** As SDKs send them: in chunks that are signed, or with a checksum behind them, or both. */
export async function putChunked(lane: Lane): Promise<void> {
  const bucket = lane.anyBucket();
  const size = lane.pick(8) === 0 ? 'medium' : 'small';
  const key = lane.keyFor(size);
  const bytes = lane.bytes(size);
  const form = FORMS[lane.pick(FORMS.length)] ?? STREAMING_SIGNED;
  const frame = (context?: ChunkSigningContext): Buffer => framed(bytes, form, context);
  const response = await lane.s3.object('PUT', bucket.name, key, {
    payload: form,
    headers: {
      ...ATTRIBUTES,
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': String(bytes.length),
      ...(form !== STREAMING_SIGNED && { 'x-amz-trailer': 'x-amz-checksum-crc32' }),
    },
    body: frame,
  });
  expectStatus(response, 200);
  await lane.wrote(bucket, key, { content: [bytes], response });
}

function framed(bytes: Buffer, form: (typeof FORMS)[number], context?: ChunkSigningContext): Buffer {
  const trailer = form !== STREAMING_SIGNED;
  const encoder = new ChunkedEncoder({
    signed: form === STREAMING_UNSIGNED_TRAILER ? undefined : context,
    trailer,
  });
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 65_536)
    parts.push(...encoder.chunk(bytes.subarray(at, at + 65_536)));
  parts.push(
    encoder.end(trailer ? [['x-amz-checksum-crc32', checksumOf('CRC32', bytes).toString('base64')]] : []),
  );
  return Buffer.concat(parts);
}

/** Each of the conditions, where it holds and where it does not. */
export async function putConditional(lane: Lane): Promise<void> {
  const bucket = lane.anyBucket();
  const key = lane.keyFor('small');
  const current = bucket.keys.get(key)?.at(-1);
  const etag = current?.content === undefined ? undefined : current.etag;
  const bytes = lane.bytes('small');
  const ask = (headers: Record<string, string>): Promise<S3Response> =>
    lane.s3.object('PUT', bucket.name, key, { body: bytes, headers: { ...ATTRIBUTES, ...headers } });
  const holds = lane.pick(2) === 0;
  if (etag === undefined) {
    if (!holds) return expectError(await ask({ 'if-match': '"0"' }), 404, 'NoSuchKey');
  } else if (!holds) {
    const headers = lane.pick(2) === 0 ? { 'if-none-match': '*' } : { 'if-match': '"0"' };
    return expectError(await ask(headers), 412, 'PreconditionFailed');
  }
  const response = await ask(etag === undefined ? { 'if-none-match': '*' } : { 'if-match': etag });
  expectStatus(response, 200);
  await lane.wrote(bucket, key, { content: [bytes], response });
}

/** Objects grow by as many pieces as this. */
const PIECES_MAX = 24;

export async function append(lane: Lane): Promise<void> {
  const bucket = lane.plain;
  const key = lane.keyFor(lane.pick(12) === 0 ? 'medium' : 'small');
  const before = bucket.keys.get(key)?.[0]?.content ?? [];
  if (before.length >= PIECES_MAX) return put(lane);
  const bytes = lane.bytes('small');
  const at = (offset: number): S3RequestOptions => ({
    body: bytes,
    headers: { 'x-amz-write-offset-bytes': String(offset) },
  });
  if (lane.pick(6) === 0 && before.length > 0)
    expectError(
      await lane.s3.object('PUT', bucket.name, key, at(sizeOf(before) + 1)),
      400,
      'InvalidWriteOffset',
    );
  const response = await lane.s3.object('PUT', bucket.name, key, at(sizeOf(before)));
  expectStatus(response, 200);
  const tags = bucket.keys.get(key)?.[0]?.tags ?? 0;
  await lane.wrote(bucket, key, { content: [...before, bytes], response, tags });
}

export async function copy(lane: Lane): Promise<void> {
  const [from, to] = [lane.anyBucket(), lane.anyBucket()];
  const source = lane.held(from);
  if (source === undefined) return put(lane);
  const key = lane.keyFor(source.key.split('/', 1)[0] as 'small');
  const response = await lane.s3.object('PUT', to.name, key, {
    headers: { 'x-amz-copy-source': `/${from.name}/${encodeKey(source.key)}` },
  });
  // A copy of an object to itself that changes nothing is refused.
  if (from === to && key === source.key) return expectError(response, 400, 'InvalidRequest');
  expectStatus(response, 200);
  const etag = text(response.text, 'ETag') ?? '';
  const { content, tags } = source.version;
  await lane.wrote(to, key, {
    content,
    response: { ...response, headers: { ...response.headers, etag } },
    tags,
  });
}

export async function rename(lane: Lane): Promise<void> {
  const bucket = lane.plain;
  const source = lane.held(bucket);
  if (source === undefined) return put(lane);
  const key = lane.keyFor(source.key.split('/', 1)[0] as 'small');
  const response = await lane.s3.object('PUT', bucket.name, key, {
    query: { renameObject: '' },
    headers: { 'x-amz-rename-source': encodeKey(source.key) },
  });
  expectStatus(response, 200);
  if (key === source.key) return;
  bucket.keys.delete(source.key);
  bucket.keys.set(key, [source.version]);
}

export async function remove(lane: Lane): Promise<void> {
  const bucket = lane.anyBucket();
  const key = lane.anyKey();
  const response = await lane.s3.object('DELETE', bucket.name, key);
  expectStatus(response, 204);
  await lane.wrote(bucket, key, { content: undefined, response });
}

export async function removeMany(lane: Lane): Promise<void> {
  const bucket = lane.plain;
  const keys = new Set(Array.from({ length: 1 + lane.pick(10) }, () => lane.keyFor('small')));
  const objects = [...keys].map((key) => `<Object><Key>${key}</Key></Object>`).join('');
  const body = `<Delete>${objects}</Delete>`;
  const headers = { 'content-md5': md5Base64(body) };
  const response = await lane.s3.bucket('POST', bucket.name, { query: { delete: '' }, body, headers });
  expectStatus(response, 200);
  assert.equal(elements(response.text, 'Deleted').length, keys.size, response.text);
  for (const key of keys) bucket.keys.delete(key);
}

export async function setTags(lane: Lane): Promise<void> {
  const bucket: Bucket = lane.anyBucket();
  const found = lane.held(bucket);
  if (found === undefined) return;
  const { key, version } = found;
  const count = lane.pick(4);
  const set = Array.from({ length: count }, (_, i) => `<Tag><Key>k${i}</Key><Value>v</Value></Tag>`).join('');
  const response =
    count === 0
      ? await lane.s3.object('DELETE', bucket.name, key, { query: { tagging: '' } })
      : await lane.s3.object('PUT', bucket.name, key, {
          query: { tagging: '' },
          body: `<Tagging><TagSet>${set}</TagSet></Tagging>`,
        });
  expectStatus(response, count === 0 ? 204 : 200);
  version.tags = count;
  const read = await lane.s3.object('GET', bucket.name, key, { query: { tagging: '' } });
  expectStatus(read, 200);
  assert.equal(elements(read.text, 'Tag').length, count);
}
