/**
 * @module Bodies framed as aws-chunked: signed chunk by chunk, with trailers, or both.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';

import {
  ChunkedEncoder,
  type ChunkSigningContext,
  STREAMING_SIGNED,
  STREAMING_SIGNED_TRAILER,
  STREAMING_UNSIGNED_TRAILER,
} from '@cistern/protocol';

import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { formatHead, RawConnection } from '../support/raw-http.ts';
import { etagOf, objectPath, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
const SUM = 'x-amz-checksum-crc32';

type Form = typeof STREAMING_SIGNED | typeof STREAMING_SIGNED_TRAILER | typeof STREAMING_UNSIGNED_TRAILER;
const FORMS: readonly Form[] = [STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER];

function crc32Base64(bytes: Buffer): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}

interface Upload {
  form: Form;
  data: Buffer;
  /** bytes in every chunk but the last */
  chunkLength?: number;
  /** what the trailer says; the right sum when left out */
  sum?: string;
  /** sent as x-amz-decoded-content-length; the right length when left out, none when null */
  decodedLength?: number | null;
  /** changes the framed body before it is sent */
  bend?: (framed: Buffer, parts: Buffer[]) => Buffer;
  headers?: Record<string, string>;
}

function frame(upload: Upload, context?: ChunkSigningContext): Buffer {
  const { form, data, chunkLength = 65_536 } = upload;
  const trailer = form !== STREAMING_SIGNED;
  const signed = form === STREAMING_UNSIGNED_TRAILER ? undefined : context;
  const encoder = new ChunkedEncoder({ signed, trailer });
  const parts: Buffer[] = [];
  for (let start = 0; start < data.length; start += chunkLength) {
    parts.push(Buffer.concat(encoder.chunk(data.subarray(start, start + chunkLength))));
  }
  parts.push(encoder.end(trailer ? [[SUM, upload.sum ?? crc32Base64(data)]] : []));
  const framed = Buffer.concat(parts);
  return upload.bend === undefined ? framed : upload.bend(framed, parts);
}

function put(key: string, upload: Upload): Promise<S3Response> {
  const { form, data, decodedLength = data.length } = upload;
  const headers: Record<string, string> = { 'content-encoding': 'aws-chunked', ...upload.headers };
  if (decodedLength !== null) headers['x-amz-decoded-content-length'] = String(decodedLength);
  if (form !== STREAMING_SIGNED) headers['x-amz-trailer'] = SUM;
  return s3.object('PUT', bucket, key, { headers, payload: form, body: (context) => frame(upload, context) });
}

async function refuses(upload: Upload, status: number, ...codes: string[]): Promise<void> {
  await leavesUnchanged(s3, bucket, async () => expectError(await put('refused', upload), status, ...codes));
}

for (const form of FORMS) {
  test(`${form}: bodies of every size arrive as they were before framing`, async () => {
    for (const size of [0, 1, 100, 65_535, 65_536, 65_537, 200_000, 2_000_000]) {
      const data = randomBytes(size);
      const response = await put(`${form}/${size}`, { form, data });
      expectStatus(response, 200);
      assert.equal(response.headers['etag'], etagOf(data));
      const read = await s3.object('GET', bucket, `${form}/${size}`);
      assert.ok(read.body.equals(data), `${size} bytes`);
      assert.equal(read.headers['content-encoding'], undefined, 'aws-chunked is framing, not encoding');
    }
  });

  test(`${form}: chunks of any length from 8 KiB`, async () => {
    const data = randomBytes(50_000);
    for (const chunkLength of [8192, 10_007, 49_999, 50_000]) {
      expectStatus(await put('lengths', { form, data, chunkLength }), 200);
      assert.ok((await s3.object('GET', bucket, 'lengths')).body.equals(data));
    }
  });

  test(`${form}: a real content encoding beside aws-chunked is kept`, async () => {
    const headers = { 'content-encoding': 'aws-chunked,gzip' };
    expectStatus(await put('encoded', { form, data: Buffer.from('x'), headers }), 200);
    assert.equal((await s3.object('HEAD', bucket, 'encoded')).headers['content-encoding'], 'gzip');
  });

  test(`${form}: a body cut short anywhere is refused`, async () => {
    const data = randomBytes(30_000);
    for (const keep of [0, 1, 50, 10_000, -1, -2, -5, -40]) {
      const bend = (framed: Buffer): Buffer => framed.subarray(0, keep);
      await leavesUnchanged(s3, bucket, async () => {
        const response = await put('cut', { form, data, chunkLength: 10_000, bend });
        // The unsigned form's last line end is optional, so it is only what comes before that must be whole.
        if (form !== STREAMING_SIGNED && keep >= -2 && keep < 0 && response.status === 200) {
          await s3.object('DELETE', bucket, 'cut');
          return;
        }
        assert.equal(response.status, 400, `${keep}: ${response.text}`);
      });
    }
  });

  test(`${form}: a decoded length that is wrong is refused`, async () => {
    const data = randomBytes(20_000);
    for (const off of [-1, 1, -20_000, 1_000_000]) {
      await refuses(
        { form, data, decodedLength: data.length + off },
        400,
        'IncompleteBody',
        'InvalidRequest',
      );
    }
  });

  test(`${form}: no decoded length is refused`, async () => {
    await refuses({ form, data: Buffer.from('x'), decodedLength: null }, 411, 'MissingContentLength');
  });

  test(`${form}: chunk headers that are malformed are refused`, async () => {
    const data = randomBytes(20_000);
    const bends: ((framed: Buffer) => Buffer)[] = [
      (framed) => Buffer.concat([Buffer.from('zz'), framed.subarray(2)]),
      (framed) => Buffer.concat([Buffer.from('-'), framed]),
      (framed) => Buffer.concat([Buffer.from('ffffffffffffffffff'), framed.subarray(4)]),
      (framed) => Buffer.concat([Buffer.from('\r\n'), framed]),
      (framed) => Buffer.concat([Buffer.alloc(20_000, 0x30), framed]),
      () => Buffer.alloc(30_000, 0x61),
      () => Buffer.from('not chunked at all'),
    ];
    for (const bend of bends) {
      await leavesUnchanged(s3, bucket, async () => {
        const response = await put('malformed', { form, data, bend });
        assert.ok([400, 403].includes(response.status), `${response.status}: ${response.text}`);
      });
    }
  });

  test(`${form}: anything after the end is refused`, async () => {
    const bend = (framed: Buffer): Buffer => Buffer.concat([framed, Buffer.from('more bytes')]);
    await leavesUnchanged(s3, bucket, async () => {
      const response = await put('garbage', { form, data: randomBytes(10_000), bend });
      assert.equal(response.status, 400, response.text);
    });
  });

  test(`${form}: a connection that ends mid-body leaves nothing`, async () => {
    await leavesUnchanged(s3, bucket, async () => {
      const headers: Record<string, string> = { 'x-amz-decoded-content-length': '100000' };
      if (form !== STREAMING_SIGNED) headers['x-amz-trailer'] = SUM;
      const upload: Upload = { form, data: randomBytes(100_000) };
      const request = s3.prepare('PUT', objectPath(bucket, 'gone'), {
        headers,
        payload: form,
        body: (context) => frame(upload, context),
      });
      const body = request.body as Buffer;
      const connection = await RawConnection.open(s3.endpoint);
      await connection.send(
        formatHead('PUT', request.target, [...request.headers, ['content-length', String(body.length)]]),
      );
      await connection.send(body.subarray(0, 50_000));
      connection.abort();
    });
  });
}

for (const form of [STREAMING_SIGNED, STREAMING_SIGNED_TRAILER] as const) {
  test(`${form}: a byte changed in any chunk is refused`, async () => {
    const data = randomBytes(30_000);
    for (const at of [200, 12_000, 25_000]) {
      const bend = (framed: Buffer): Buffer => {
        framed[at] = (framed[at] ?? 0) ^ 1;
        return framed;
      };
      await refuses({ form, data, chunkLength: 10_000, bend }, 403, 'SignatureDoesNotMatch');
    }
  });

  test(`${form}: chunks that are swapped, repeated or left out are refused`, async () => {
    const data = randomBytes(30_000);
    const bends: ((parts: Buffer[]) => (Buffer | undefined)[])[] = [
      ([a, b, ...rest]) => [b, a, ...rest],
      ([a, , c, ...rest]) => [a, a, c, ...rest],
      ([a, ...rest]) => [a, rest.at(-1)],
    ];
    for (const bend of bends) {
      await leavesUnchanged(s3, bucket, async () => {
        const response = await put('shuffled', {
          form,
          data,
          chunkLength: 10_000,
          bend: (_, parts) => Buffer.concat(bend(parts).filter((part) => part !== undefined)),
        });
        // A chunk left out makes the body too short as well; either fault may be found first.
        assert.ok(
          ['SignatureDoesNotMatch', 'IncompleteBody'].includes(response.errorCode ?? ''),
          response.text,
        );
      });
    }
  });

  test(`${form}: chunks without a signature are refused`, async () => {
    const bend = (framed: Buffer): Buffer =>
      Buffer.from(framed.toString('latin1').replaceAll(/;chunk-signature=[0-9a-f]{64}/g, ''), 'latin1');
    await leavesUnchanged(s3, bucket, async () => {
      const response = await put('unsigned', { form, data: Buffer.from('text only'), bend });
      assert.ok([400, 403].includes(response.status), response.text);
    });
  });
}

for (const form of [STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER] as const) {
  test(`${form}: the checksum in the trailer is verified, stored and returned`, async () => {
    for (const size of [0, 10, 300_000]) {
      const data = randomBytes(size);
      const response = await put('summed', { form, data });
      expectStatus(response, 200);
      assert.equal(response.headers[SUM], crc32Base64(data));
      const read = await s3.object('HEAD', bucket, 'summed', {
        headers: { 'x-amz-checksum-mode': 'ENABLED' },
      });
      assert.equal(read.headers[SUM], crc32Base64(data));
      assert.equal(read.headers['x-amz-checksum-type'], 'FULL_OBJECT');
    }
  });

  test(`${form}: a wrong checksum in the trailer is refused`, async () => {
    for (const size of [10, 300_000]) {
      await refuses(
        { form, data: randomBytes(size), sum: crc32Base64(Buffer.from('other')) },
        400,
        'BadDigest',
      );
    }
    await refuses({ form, data: Buffer.from('x'), sum: 'not base64' }, 400, 'InvalidRequest');
  });

  test(`${form}: a trailer that was not announced, or does not come, is refused`, async () => {
    const renamed = (framed: Buffer): Buffer =>
      Buffer.from(framed.toString('latin1').replace(`${SUM}:`, 'x-amz-checksum-crc99:'), 'latin1');
    const removed = (framed: Buffer): Buffer =>
      Buffer.from(framed.toString('latin1').replace(/x-amz-checksum-crc32:[^\r]*\r\n/, ''), 'latin1');
    for (const bend of [renamed, removed]) {
      await leavesUnchanged(s3, bucket, async () => {
        const response = await put('trailers', { form, data: Buffer.from('text'), bend });
        assert.ok(
          ['MalformedTrailerError', 'SignatureDoesNotMatch', 'InvalidRequest'].includes(
            response.errorCode ?? '',
          ),
          response.text,
        );
      });
    }
  });
}

test(`${STREAMING_SIGNED_TRAILER}: a wrong or missing trailer signature is refused`, async () => {
  const form = STREAMING_SIGNED_TRAILER;
  const wrong = (framed: Buffer): Buffer =>
    Buffer.from(
      framed
        .toString('latin1')
        .replace(/x-amz-trailer-signature:.{64}/, `x-amz-trailer-signature:${'a'.repeat(64)}`),
      'latin1',
    );
  await refuses({ form, data: Buffer.from('text'), bend: wrong }, 403, 'SignatureDoesNotMatch');
  const missing = (framed: Buffer): Buffer =>
    Buffer.from(framed.toString('latin1').replace(/x-amz-trailer-signature:.{64}\r\n/, ''), 'latin1');
  await leavesUnchanged(s3, bucket, async () => {
    const response = await put('trailer-signature', { form, data: Buffer.from('text'), bend: missing });
    assert.ok(
      ['MalformedTrailerError', 'SignatureDoesNotMatch'].includes(response.errorCode ?? ''),
      response.text,
    );
  });
});

test('a signed stream cannot be replayed under another key', async () => {
  const data = randomBytes(5000);
  const headers = { 'x-amz-decoded-content-length': '5000' };
  const request = s3.prepare('PUT', objectPath(bucket, 'first'), {
    headers,
    payload: STREAMING_SIGNED,
    body: (context) => frame({ form: STREAMING_SIGNED, data }, context),
  });
  await leavesUnchanged(s3, bucket, async () => {
    const response = await s3.send('PUT', objectPath(bucket, 'second'), {
      headers,
      payload: STREAMING_SIGNED,
      body: request.body as Buffer,
    });
    expectError(response, 403, 'SignatureDoesNotMatch');
  });
});

test('a trailer that S3 does not know is refused', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    const headers = { 'x-amz-decoded-content-length': '1', 'x-amz-trailer': 'x-amz-meta-late' };
    const body = Buffer.from('1\r\na\r\n0\r\nx-amz-meta-late:1\r\n\r\n');
    const response = await s3.object('PUT', bucket, 'late', {
      headers,
      payload: STREAMING_UNSIGNED_TRAILER,
      body,
    });
    assert.ok([400, 501].includes(response.status), response.text);
    assert.ok(text(response.text, 'Code'));
  });
});

test('a presigned URL may name the trailer, and the length, in its query', async () => {
  const form = STREAMING_UNSIGNED_TRAILER;
  const data = randomBytes(100_000);
  const putPresigned = (sum?: string) =>
    s3.object('PUT', bucket, 'presigned', {
      auth: 'presigned',
      payload: form,
      query: { 'x-amz-trailer': SUM, 'x-amz-decoded-content-length': String(data.length) },
      body: frame({ form, data, ...(sum !== undefined && { sum }) }),
    });
  await leavesUnchanged(s3, bucket, async () =>
    expectError(await putPresigned('AAAAAA=='), 400, 'BadDigest'),
  );
  expectStatus(await putPresigned(), 200);
  const read = await s3.object('GET', bucket, 'presigned', { headers: { 'x-amz-checksum-mode': 'ENABLED' } });
  assert.ok(read.body.equals(data));
  assert.equal(read.headers[SUM], crc32Base64(data));
});
