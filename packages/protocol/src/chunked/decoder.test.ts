/**
 * @module Tests of the aws-chunked decoder, against the encoder and against bodies written by hand.
 */

import fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { S3Error } from '../errors.ts';
import type { ChunkSigningContext } from '../sigv4/chunk-signature.ts';
import { deriveSigningKey } from '../sigv4/signing-key.ts';
import { type ChunkedDecoderOptions, createChunkedDecoder } from './decoder.ts';
import { ChunkedEncoder, chunkedLength } from './encoder.ts';

const scope = { day: '20260301', region: 'us-east-1' };
const context: ChunkSigningContext = {
  seedSignature: '5'.repeat(64),
  signingKey: deriveSigningKey('secret', scope),
  amzDate: '20260301T123015Z',
  scope: '20260301/us-east-1/s3/aws4_request',
};

const CHECKSUM = 'x-amz-checksum-crc32';
const trailers = [[CHECKSUM, 'AAAAAA==']] as const;

interface Form {
  signed: ChunkSigningContext | undefined;
  trailer: boolean;
}

const forms: readonly Form[] = [
  { signed: context, trailer: false },
  { signed: context, trailer: true },
  { signed: undefined, trailer: true },
];

/** The frames of a body: one for each chunk, and what follows the last. */
function encode(form: Form, chunks: readonly Uint8Array[]): Buffer[] {
  const encoder = new ChunkedEncoder(form);
  const frames: Buffer[] = chunks.map((chunk) => Buffer.concat(encoder.chunk(chunk)));
  frames.push(encoder.end(form.trailer ? trailers : []));
  return frames;
}

function decode(
  options: ChunkedDecoderOptions,
  pieces: Iterable<Buffer>,
): { payload: Buffer; trailers: Map<string, string> } {
  const decoder = createChunkedDecoder(options);
  const payload: Buffer[] = [];
  for (const piece of pieces) payload.push(...decoder.push(piece));
  return { payload: Buffer.concat(payload), ...decoder.end() };
}

function optionsFor(form: Form, decodedLength: number): ChunkedDecoderOptions {
  return { ...form, decodedLength, announcedTrailers: form.trailer ? [CHECKSUM] : [] };
}

function assertDecodes(form: Form, pieces: Iterable<Buffer>, expected: Buffer): void {
  const { payload, trailers: given } = decode(optionsFor(form, expected.length), pieces);
  assert.ok(payload.equals(expected));
  assert.deepEqual([...given], form.trailer ? trailers : []);
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof S3Error, String(error));
    return error.code;
  }
  return 'accepted';
}

/** Decodes a body without signatures, written by hand. */
function plain(text: string, decodedLength: number, announcedTrailers: readonly string[] = []): string {
  const options = { trailer: true, decodedLength, announcedTrailers };
  return decode(options, [Buffer.from(text, 'latin1')]).payload.toString('latin1');
}

const chunks = [Buffer.from('hello, '), Buffer.from('w'), Buffer.from('orld\r\n0\r\n\r\n of chunks')];
const whole = Buffer.concat(chunks);

test('a body decodes when it is split in two at any point, and byte by byte', () => {
  for (const form of forms) {
    const encoded = Buffer.concat(encode(form, chunks));
    for (let at = 0; at <= encoded.length; at++) {
      assertDecodes(form, [encoded.subarray(0, at), encoded.subarray(at)], whole);
    }
    assertDecodes(
      form,
      Array.from(encoded, (_, at) => encoded.subarray(at, at + 1)),
      whole,
    );
  }
});

test('whatever the chunks and however the body is cut, what was encoded comes out', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(
      fc.constantFrom(...forms),
      fc.array(bytes, { maxLength: 6 }),
      fc.array(fc.nat(400)),
      (form, parts, cuts) => {
        const encoded = Buffer.concat(encode(form, parts));
        const pieces: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          pieces.push(encoded.subarray(at, at + cut));
          at += cut;
        }
        pieces.push(encoded.subarray(at));
        assertDecodes(form, pieces, Buffer.concat(parts));
      },
    ),
  );
});

test('payload is handed out as views of what came in', () => {
  const form = { signed: undefined, trailer: true };
  const encoded = Buffer.concat(encode(form, [Buffer.alloc(1000, 1)]));
  const [slice] = createChunkedDecoder(optionsFor(form, 1000)).push(encoded);
  assert.ok(slice !== undefined && slice.buffer === encoded.buffer && slice.length === 1000);
});

test('a body that is cut short never succeeds', () => {
  for (const form of forms) {
    const encoded = Buffer.concat(encode(form, chunks));
    // With trailers only the blank line after them may be missing: all that it could tell has been told.
    const end = form.trailer ? encoded.length - 2 : encoded.length;
    for (let at = 0; at < end; at++) {
      const code = codeOf(() => decode(optionsFor(form, whole.length), [encoded.subarray(0, at)]));
      assert.match(code, /^(?:IncompleteBody|MalformedTrailerError)$/, `cut at ${at}`);
    }
  }
});

test('no bit of a signed body can be changed', () => {
  for (const form of forms.filter(({ signed }) => signed !== undefined)) {
    const encoded = Buffer.concat(encode(form, chunks));
    const end = form.trailer ? encoded.length - 4 : encoded.length;
    for (let at = 0; at < end; at++) {
      const changed = Buffer.from(encoded);
      changed[at] = (changed[at] as number) ^ 1;
      assert.notEqual(
        codeOf(() => decode(optionsFor(form, whole.length), [changed])),
        'accepted',
        `byte ${at}`,
      );
    }
  }
});

test('signed chunks cannot be left out, repeated, reordered or taken from another request', () => {
  const form = { signed: context, trailer: false };
  const parts = ['a', 'b', 'c'].map((letter) => Buffer.alloc(10, letter));
  const [a, b, c, end] = encode(form, parts) as [Buffer, Buffer, Buffer, Buffer];
  const options = { signed: context, trailer: false, decodedLength: 30 };
  assert.equal(decode(options, [a, b, c, end]).payload.length, 30);
  for (const frames of [
    [b, a, c, end],
    [a, a, c, end],
    [a, a, a, end],
    [c, b, a, end],
  ]) {
    assert.equal(
      codeOf(() => decode(options, frames)),
      'SignatureDoesNotMatch',
    );
  }
  assert.equal(
    codeOf(() => decode({ ...options, decodedLength: 20 }, [a, c, end])),
    'SignatureDoesNotMatch',
  );
  assert.equal(
    codeOf(() => decode({ ...options, decodedLength: 20 }, [a, b, end])),
    'SignatureDoesNotMatch',
  );
  const other = { ...context, seedSignature: '6'.repeat(64) };
  assert.equal(
    codeOf(() => decode({ ...options, signed: other }, [a, b, c, end])),
    'SignatureDoesNotMatch',
  );
});

test('a wrong chunk is noticed as soon as it has ended', () => {
  const [frame] = encode({ signed: context, trailer: false }, [Buffer.alloc(10)]) as [Buffer];
  frame[frame.length - 5] = 1;
  const decoder = createChunkedDecoder({ signed: context, trailer: false, decodedLength: 100 });
  assert.equal(decoder.push(frame.subarray(0, -3))[0]?.length, 9);
  assert.equal(
    codeOf(() => decoder.push(frame.subarray(-3, -2))),
    'SignatureDoesNotMatch',
  );
});

test('the payload must be exactly as long as was declared', () => {
  for (const form of forms) {
    const frames = encode(form, chunks);
    for (const length of [0, whole.length - 1, whole.length + 1, Number.MAX_SAFE_INTEGER]) {
      assert.equal(
        codeOf(() => decode(optionsFor(form, length), frames)),
        'IncompleteBody',
        `${length}`,
      );
    }
  }
});

test('an empty payload is one empty chunk', () => {
  for (const form of forms) assertDecodes(form, encode(form, []), Buffer.alloc(0));
});

test('malformed framing is refused', () => {
  assert.equal(plain('3\r\nabc\r\n0\r\n\r\n', 3), 'abc');
  assert.equal(plain('003\r\nabc\r\n0\r\n\r\n', 3), 'abc');
  assert.equal(plain('A\r\n0123456789\r\n0\r\n\r\n', 10), '0123456789');
  const bodies = [
    '3\nabc\r\n0\r\n\r\n',
    '3\r\nabc\n0\r\n\r\n',
    '3\r\nabcd\r\n0\r\n\r\n',
    '3\r\nabc\r\r\n0\r\n\r\n',
    '\r\n3\r\nabc\r\n0\r\n\r\n',
    ' 3\r\nabc\r\n0\r\n\r\n',
    '-3\r\nabc\r\n0\r\n\r\n',
    '0x3\r\nabc\r\n0\r\n\r\n',
    '3;a=b\r\nabc\r\n0\r\n\r\n',
    `3;chunk-signature=${'0'.repeat(64)}\r\nabc\r\n0\r\n\r\n`,
    `${'0'.repeat(16)}3\r\nabc\r\n0\r\n\r\n`,
    'x\r\n',
    '0'.repeat(200),
  ];
  for (const body of bodies)
    assert.equal(
      codeOf(() => plain(body, 3)),
      'InvalidRequest',
      JSON.stringify(body),
    );
  assert.equal(
    codeOf(() => plain('ffffffffffffffff\r\nabc', 3)),
    'IncompleteBody',
  );
});

test('the signed form takes no chunk without a signature, and nothing after its end', () => {
  const options = { signed: context, trailer: false, decodedLength: 3 };
  const [, end] = encode({ signed: context, trailer: false }, [Buffer.from('abc')]) as [Buffer, Buffer];
  for (const body of [
    '3\r\nabc\r\n',
    '3;chunk-signature=abc\r\n',
    `3;chunk-signature=${'A'.repeat(64)}\r\n`,
  ]) {
    assert.equal(
      codeOf(() => decode(options, [Buffer.from(body), end])),
      'InvalidRequest',
    );
  }
  const frames = encode({ signed: context, trailer: false }, [Buffer.from('abc')]);
  assert.equal(
    codeOf(() => decode(options, [...frames, Buffer.from('x')])),
    'InvalidRequest',
  );
  assert.equal(
    codeOf(() => decode(options, [...frames, Buffer.from('\r\n')])),
    'InvalidRequest',
  );
});

test('trailers may end in the ways that clients end them', () => {
  const start = `1\r\na\r\n0\r\n`;
  for (const end of ['\r\n', '\r\n\r\n', '\n', '\n\r\n', '\n\r\n\r\n\r\n', '\n\n']) {
    const options = { trailer: true, decodedLength: 1, announcedTrailers: [CHECKSUM] };
    const { trailers: given } = decode(options, [
      Buffer.from(`${start}X-Amz-Checksum-CRC32: AAAAAA== ${end}`),
    ]);
    assert.deepEqual(
      [...given],
      trailers.map((pair) => [...pair]),
    );
  }
  for (const end of ['', '\r\n', '\r\n\r\n']) assert.equal(plain(start + end, 1), 'a');
});

test('trailers that were not announced, did not come, came twice or are none are refused', () => {
  const start = `1\r\na\r\n0\r\n`;
  const line = `${CHECKSUM}:AAAAAA==\r\n`;
  const refused = (text: string, announced: string[]) => codeOf(() => plain(start + text, 1, announced));
  assert.equal(refused(`${line}\r\n`, [CHECKSUM]), 'accepted');
  assert.equal(refused(`${line}\r\n`, []), 'MalformedTrailerError');
  assert.equal(refused('\r\n', [CHECKSUM]), 'MalformedTrailerError');
  assert.equal(refused(`${line}${line}\r\n`, [CHECKSUM]), 'MalformedTrailerError');
  assert.equal(refused(`${line}x-amz-meta-a:1\r\n\r\n`, [CHECKSUM]), 'MalformedTrailerError');
  assert.equal(refused(`${line}garbage\r\n\r\n`, [CHECKSUM]), 'MalformedTrailerError');
  assert.equal(refused(`${line}:x\r\n\r\n`, [CHECKSUM]), 'MalformedTrailerError');
  assert.equal(refused(`${line}\r\ngarbage`, [CHECKSUM]), 'IncompleteBody');
  assert.equal(refused(`${line}\r`, [CHECKSUM]), 'IncompleteBody');
  assert.equal(
    refused(`${line}x-amz-trailer-signature:${'0'.repeat(64)}\r\n\r\n`, [CHECKSUM]),
    'MalformedTrailerError',
  );
  assert.equal(refused(`${CHECKSUM}:${'A'.repeat(10_000)}\r\n\r\n`, [CHECKSUM]), 'MalformedTrailerError');
});

test('signed trailers need their signature, last', () => {
  const form = { signed: context, trailer: true };
  const [data, end] = encode(form, [Buffer.from('abc')]) as [Buffer, Buffer];
  const lines = end.toString().split('\r\n');
  const run = (given: string[]) =>
    codeOf(() => decode(optionsFor(form, 3), [data, Buffer.from(given.join('\r\n'))]));
  assert.equal(run(lines), 'accepted');
  assert.equal(run(lines.toSpliced(2, 1)), 'MalformedTrailerError');
  assert.equal(run([lines[0], lines[2], lines[1], '', ''] as string[]), 'MalformedTrailerError');
  assert.equal(run(lines.with(1, `${CHECKSUM}:AAAAAQ==`)), 'SignatureDoesNotMatch');
});

test('the length of an encoded body is known beforehand', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...forms),
      fc.nat(5000),
      fc.integer({ min: 1, max: 700 }),
      (form, decodedLength, chunkLength) => {
        const body = Buffer.alloc(decodedLength);
        const parts: Buffer[] = [];
        for (let at = 0; at < decodedLength; at += chunkLength)
          parts.push(body.subarray(at, at + chunkLength));
        const encoded = Buffer.concat(encode(form, parts));
        const options = { decodedLength, chunkLength, signed: form.signed !== undefined };
        const length = form.trailer
          ? chunkedLength({ ...options, trailers: { [CHECKSUM]: 8 } })
          : chunkedLength(options);
        assert.equal(length, encoded.length);
      },
    ),
    { numRuns: 50 },
  );
});
