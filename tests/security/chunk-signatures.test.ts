/**
 * @module Security: bodies in signed chunks whose chain of signatures is broken, cut short, replayed or not there, whose
 * length is another than was said, and whose trailers are nobody's. Nothing of them is stored.
 *
 * What the framing itself may be is `tests/compat/streaming-payloads.test.ts`'s.
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

import { contents, leavesUnchanged } from '../support/expect.ts';
import { formatHead, RawConnection } from '../support/raw-http.ts';
import { objectPath, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';
import { bendHeader, sendPrepared } from './bend.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
await s3.put(bucket, 'victim', 'the old one');

const CHUNK = 8192;
/** A small body is held in memory, a large one streams into a file: each has a path of its own. */
const SIZES = [3 * CHUNK, 30 * CHUNK];

interface Framed {
  readonly parts: Buffer[];
  readonly trailer: Buffer[];
}

function frame(data: Buffer, signed: ChunkSigningContext | undefined, trailer = false): Framed {
  const encoder = new ChunkedEncoder({ signed, trailer });
  const parts: Buffer[] = [];
  for (let at = 0; at < data.length; at += CHUNK)
    parts.push(Buffer.concat(encoder.chunk(data.subarray(at, at + CHUNK))));
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(data));
  const trailers: [string, string][] = [['x-amz-checksum-crc32', sum.toString('base64')]];
  return { parts, trailer: [encoder.end(trailer ? trailers : [])] };
}

interface Attack {
  readonly data: Buffer;
  readonly payload?: string;
  readonly headers?: Record<string, string>;
  readonly key?: string;
  readonly decoded?: string;
  readonly bend: (framed: Framed, context: ChunkSigningContext) => Buffer[];
}

function send({
  data,
  payload = STREAMING_SIGNED,
  headers = {},
  key = 'victim',
  decoded,
  bend,
}: Attack): Promise<S3Response> {
  const trailer = payload !== STREAMING_SIGNED;
  return s3.object('PUT', bucket, key, {
    payload,
    headers: {
      'x-amz-decoded-content-length': decoded ?? String(data.length),
      ...(trailer && { 'x-amz-trailer': 'x-amz-checksum-crc32' }),
      ...headers,
    },
    body: (context) => {
      const signed = payload === STREAMING_UNSIGNED_TRAILER ? undefined : context;
      return Buffer.concat(bend(frame(data, signed, trailer), context));
    },
  });
}

async function refuses(attack: Attack, ...codes: string[]): Promise<void> {
  await leavesUnchanged(s3, bucket, async () => {
    const answer = await send(attack);
    assert.ok(codes.includes(answer.errorCode ?? ''), `${answer.status} ${answer.text}`);
  });
}

for (const size of SIZES) {
  test(`a chain that is whole is taken, also of ${size} bytes`, async () => {
    const data = randomBytes(size);
    const answer = await send({ data, key: 'good', bend: ({ parts, trailer }) => [...parts, ...trailer] });
    assert.equal(answer.status, 200, answer.text);
    assert.ok((await s3.object('GET', bucket, 'good')).body.equals(data));
  });

  test(`broken: a signature of ${size} bytes in chunks is another's`, async () => {
    const data = randomBytes(size);
    const other = randomBytes(size);
    const chains: Attack['bend'][] = [
      // The data of one request under the signatures of another, whole and from the second chunk on.
      ({ trailer }, context) => [
        ...frame(other, { ...context, seedSignature: '0'.repeat(64) }).parts,
        ...trailer,
      ],
      ({ parts, trailer }, context) => [
        ...parts.slice(0, 1),
        ...frame(other, context).parts.slice(1),
        ...trailer,
      ],
      // Signed by somebody without the key.
      (_, context) => {
        const { parts, trailer } = frame(data, { ...context, amzDate: '20200101T000000Z' });
        return [...parts, ...trailer];
      },
      (_, context) => {
        const { parts, trailer } = frame(data, { ...context, scope: context.scope.replace('s3', 'ec2') });
        return [...parts, ...trailer];
      },
      // The last chunk, which has no data, is signed as well.
      ({ parts }) => [...parts, Buffer.from(`0;chunk-signature=${'0'.repeat(64)}\r\n\r\n`)],
      ({ parts, trailer }) => [...parts.slice(1), ...parts.slice(0, 1), ...trailer],
      ({ parts, trailer }) => [...parts.slice(0, 1), ...parts.slice(0, 1), ...parts.slice(2), ...trailer],
    ];
    for (const bend of chains) await refuses({ data, bend }, 'SignatureDoesNotMatch');
  });

  test(`truncated: of ${size} bytes the last chunk is missing, or some before it`, async () => {
    const data = randomBytes(size);
    const cuts: Attack['bend'][] = [
      ({ parts }) => parts,
      ({ parts }) => parts.slice(0, -1),
      ({ parts, trailer }) => [...parts.slice(0, -1), ...trailer],
      ({ trailer }) => trailer,
      () => [],
      ({ parts }) => [...parts, Buffer.from('0')],
    ];
    for (const bend of cuts) await refuses({ data, bend }, 'IncompleteBody', 'SignatureDoesNotMatch');
    // The length is said to be what is there, and what is there ends with a chunk that closes another body.
    const shorter = String(size - CHUNK);
    await refuses(
      { data, decoded: shorter, bend: ({ parts, trailer }) => [...parts.slice(0, -1), ...trailer] },
      'SignatureDoesNotMatch',
    );
  });

  test(`replayed: ${size} bytes under another key, and again with other bytes`, async () => {
    const data = randomBytes(size);
    let framed: Buffer | undefined;
    const headers = { 'x-amz-decoded-content-length': String(size) };
    const request = s3.prepare('PUT', objectPath(bucket, 'replayed'), {
      payload: STREAMING_SIGNED,
      headers,
      body: (context) => {
        const { parts, trailer } = frame(data, context);
        return (framed = Buffer.concat([...parts, ...trailer]));
      },
    });
    await leavesUnchanged(s3, bucket, async () => {
      const moved = await sendPrepared(s3, { ...request, target: objectPath(bucket, 'victim') });
      assert.equal(moved.errorCode, 'SignatureDoesNotMatch');
      const body = Buffer.from(framed ?? '');
      body.writeUInt8(body.readUInt8(body.length - 100) ^ 1, body.length - 100);
      for (const bent of [
        Buffer.concat([body.subarray(0, 200), body.subarray(300)]),
        Buffer.alloc(body.length),
      ]) {
        const answer = await sendPrepared(s3, { ...request, body: bent });
        assert.ok(answer.status === 403 || answer.status === 400, answer.text);
      }
    });
  });
}

test('of another form: chunks without signatures, or no chunks, where signed ones were announced', async () => {
  const data = randomBytes(2 * CHUNK);
  const plain: Attack['bend'] = () => {
    const { parts, trailer } = frame(data, undefined);
    return [...parts, ...trailer];
  };
  await refuses({ data, bend: plain }, 'InvalidRequest');
  await refuses({ data, bend: () => [data] }, 'InvalidRequest');
  for (const payload of [STREAMING_UNSIGNED_TRAILER, 'UNSIGNED-PAYLOAD', STREAMING_SIGNED_TRAILER]) {
    const request = s3.prepare('PUT', objectPath(bucket, 'victim'), {
      payload: STREAMING_SIGNED,
      headers: { 'x-amz-decoded-content-length': String(data.length) },
      body: () => Buffer.concat(plain({ parts: [], trailer: [] }, undefined as never)),
    });
    const answer = await sendPrepared(
      s3,
      bendHeader(request, 'x-amz-content-sha256', () => payload),
    );
    assert.equal(answer.errorCode, 'SignatureDoesNotMatch', payload);
  }
  assert.equal((await s3.object('GET', bucket, 'victim')).text, 'the old one');
});

test('a decoded length that is another, or none', async () => {
  const data = randomBytes(2 * CHUNK);
  const whole: Attack['bend'] = ({ parts, trailer }) => [...parts, ...trailer];
  const size = data.length;
  for (const decoded of [size - 1, size + 1, 0, 1, 2 * size, CHUNK].map(String))
    await refuses({ data, decoded, bend: whole }, 'IncompleteBody', 'SignatureDoesNotMatch');
  for (const decoded of [
    '-1',
    `-${size}`,
    `+${size}`,
    `${size}.0`,
    '1e4',
    '0x4000',
    `${size} ${size}`,
    `${size},${size}`,
    '',
    'NaN',
    'Infinity',
    '9'.repeat(30),
    String(2n ** 64n + BigInt(size)),
    String(2 ** 53),
  ]) {
    await leavesUnchanged(s3, bucket, async () => {
      const answer = await send({ data, decoded, bend: whole });
      assert.ok(answer.status >= 400 && answer.status < 500, `${decoded}: ${answer.status} ${answer.text}`);
    });
  }
});

test('a decoded length that comes twice, or as an unsigned header', async () => {
  const data = randomBytes(2 * CHUNK);
  for (const unsigned of [String(CHUNK), String(data.length), '-1']) {
    const request = s3.prepare('PUT', objectPath(bucket, 'victim'), {
      payload: STREAMING_SIGNED,
      headers: { 'x-amz-decoded-content-length': String(data.length) },
      body: (context) => {
        const { parts, trailer } = frame(data, context);
        return Buffer.concat([...parts, ...trailer]);
      },
    });
    await leavesUnchanged(s3, bucket, async () => {
      const headers: [string, string][] = [...request.headers, ['x-amz-decoded-content-length', unsigned]];
      const answer = await sendPrepared(s3, { ...request, headers });
      assert.equal(answer.errorCode, 'SignatureDoesNotMatch');
    });
  }
});

test('trailers that are forged, unsigned, doubled, or not those that were announced', async () => {
  const data = randomBytes(2 * CHUNK);
  const payload = STREAMING_SIGNED_TRAILER;
  const forge =
    (change: (trailer: string) => string): Attack['bend'] =>
    ({ parts, trailer }) => [
      ...parts,
      Buffer.from(change(Buffer.concat(trailer).toString('latin1')), 'latin1'),
    ];
  const signature = /x-amz-trailer-signature:.*\r\n/;
  await refuses(
    { data, payload, bend: forge((trailer) => trailer.replace(/crc32:.*\r\n/, 'crc32:AAAAAA==\r\n')) },
    'SignatureDoesNotMatch',
  );
  await refuses(
    { data, payload, bend: forge((trailer) => trailer.replace(signature, '')) },
    'MalformedTrailerError',
  );
  await refuses(
    {
      data,
      payload,
      bend: forge((trailer) => trailer.replace(/signature:./, (all) => `${all.slice(0, -1)}g`)),
    },
    'SignatureDoesNotMatch',
  );
  for (const added of [
    'x-amz-meta-a:b\r\n',
    'x-amz-acl:public-read\r\n',
    'x-amz-checksum-crc32:AAAAAA==\r\n',
  ]) {
    for (const form of [payload, STREAMING_UNSIGNED_TRAILER]) {
      const bend = forge((trailer) => trailer.replace('x-amz-checksum', `${added}x-amz-checksum`));
      await refuses({ data, payload: form, bend }, 'MalformedTrailerError', 'SignatureDoesNotMatch');
    }
  }
});

test('signed chunks behind a presigned URL, whose holder has no key', async () => {
  const data = randomBytes(2 * CHUNK);
  const target = s3.prepare('PUT', objectPath(bucket, 'victim'), { auth: 'presigned' }).target;
  await leavesUnchanged(s3, bucket, async () => {
    for (const body of [data, Buffer.concat(frame(data, undefined).parts)]) {
      const answer = await s3.send('PUT', target, {
        auth: 'anonymous',
        body,
        unsignedHeaders: [
          ['x-amz-content-sha256', STREAMING_SIGNED],
          ['x-amz-decoded-content-length', String(data.length)],
        ],
      });
      assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
    }
  });
});

test('a body that goes on after its last chunk is not the next request', async () => {
  const inner = s3.prepare('DELETE', objectPath(bucket, 'victim'));
  const smuggled = Buffer.from(formatHead('DELETE', inner.target, inner.headers), 'latin1');
  const data = randomBytes(CHUNK);
  let body = Buffer.alloc(0);
  const request = s3.prepare('PUT', objectPath(bucket, 'carrier'), {
    payload: STREAMING_SIGNED,
    headers: { 'x-amz-decoded-content-length': String(data.length) },
    body: (context) => {
      const { parts, trailer } = frame(data, context);
      return (body = Buffer.concat([...parts, ...trailer, smuggled]));
    },
  });
  const connection = await RawConnection.open(s3.endpoint);
  await connection.send(
    formatHead('PUT', request.target, [...request.headers, ['content-length', String(body.length)]]),
  );
  await connection.send(body);
  const answer = await connection.read();
  assert.equal(text(answer.body.toString(), 'Code'), 'InvalidRequest');
  const next = s3.prepare('GET', objectPath(bucket, 'victim'));
  await connection.send(formatHead('GET', next.target, next.headers));
  assert.equal((await connection.read()).body.toString(), 'the old one');
  connection.close();
  assert.ok(!(await contents(s3, bucket)).some((line) => line.startsWith('carrier')));
});
