/**
 * @module The worked examples of the Amazon S3 API reference, as vectors for signing and for verifying.
 *
 * Sources: sig-v4-header-based-auth, sigv4-query-string-auth, sigv4-streaming and sigv4-streaming-trailers, all under
 * https://docs.aws.amazon.com/AmazonS3/latest/API/.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createChunkedDecoder } from '../chunked/decoder.ts';
import { ChunkedEncoder, chunkedLength } from '../chunked/encoder.ts';
import { RawHeaders } from '../raw-headers.ts';
import { type Authentication, authenticate } from './authenticate.ts';
import { EMPTY_SHA256, STREAMING_SIGNED, STREAMING_SIGNED_TRAILER } from './payload-mode.ts';
import { presign, type RequestSignature, signRequest } from './sign-request.ts';

const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const now = Date.UTC(2013, 4, 24);
const region = 'us-east-1';
const host = 'examplebucket.s3.amazonaws.com';

interface Example {
  method: string;
  target: string;
  headers: [string, string][];
  payload: string;
}

function sign(example: Example): RequestSignature {
  return signRequest({ ...example, credentials, region, now });
}

function verify(example: Example, added: [string, string][]): Authentication {
  const headers = RawHeaders.from([...example.headers, ...added]);
  const { method, target } = example;
  return authenticate(
    { method, target, headers },
    {
      now,
      regions: [region],
      secretFor: (id) => (id === credentials.accessKeyId ? credentials.secretAccessKey : undefined),
    },
  );
}

function signatureOf(signature: RequestSignature): string {
  return signature.chunkContext.seedSignature;
}

const headerExamples: [string, Example, string][] = [
  [
    'GET object with a range',
    {
      method: 'GET',
      target: '/test.txt',
      headers: [
        ['host', host],
        ['range', 'bytes=0-9'],
      ],
      payload: EMPTY_SHA256,
    },
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ],
  [
    'PUT object',
    {
      method: 'PUT',
      target: '/test$file.text',
      headers: [
        ['host', host],
        ['date', 'Fri, 24 May 2013 00:00:00 GMT'],
        ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
      ],
      payload: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    },
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  ],
  [
    'GET bucket lifecycle',
    { method: 'GET', target: '/?lifecycle', headers: [['host', host]], payload: EMPTY_SHA256 },
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  ],
  [
    'list objects',
    { method: 'GET', target: '/?max-keys=2&prefix=J', headers: [['host', host]], payload: EMPTY_SHA256 },
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  ],
];

for (const [name, example, expected] of headerExamples) {
  test(`${name}: signs as published and verifies`, () => {
    const signature = sign(example);
    assert.equal(signatureOf(signature), expected);
    const authentication = verify(example, signature.headers);
    assert.equal(authentication.kind === 'signed' && authentication.accessKeyId, credentials.accessKeyId);
  });
}

test('presigned GET object: signs as published and verifies', () => {
  const target = presign({
    method: 'GET',
    target: '/test.txt',
    host,
    expiresS: 86_400,
    credentials,
    region,
    now,
  });
  assert.equal(
    target,
    '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  );
  const authentication = verify({ method: 'GET', target, headers: [['host', host]], payload: '' }, []);
  assert.deepEqual(authentication, {
    kind: 'signed',
    presigned: true,
    accessKeyId: credentials.accessKeyId,
    payload: { kind: 'unsigned' },
  });
});

const body = Buffer.alloc(66_560, 'a');
const chunks = [body.subarray(0, 65_536), body.subarray(65_536)];

function streamed(extra: [string, string][], payload: string): Example {
  const headers: [string, string][] = [
    ['host', 's3.amazonaws.com'],
    ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
    ['content-encoding', 'aws-chunked'],
    ['x-amz-decoded-content-length', '66560'],
    ...extra,
  ];
  return { method: 'PUT', target: '/examplebucket/chunkObject.txt', headers, payload };
}

test('chunked upload: seed and chunk signatures as published, and the body decodes', () => {
  const example = streamed([['content-length', '66824']], STREAMING_SIGNED);
  const signature = sign(example);
  assert.equal(signatureOf(signature), '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9');

  const encoder = new ChunkedEncoder({ signed: signature.chunkContext, trailer: false });
  const frames = chunks.map((chunk) => encoder.chunk(chunk));
  const end = encoder.end();
  assert.deepEqual(
    frames.map(([header]) => header.toString()),
    [
      '10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n',
      '400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n',
    ],
  );
  assert.equal(
    end.toString(),
    '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
  );
  const encoded = Buffer.concat([...frames.flat(), end]);
  assert.equal(encoded.length, 66_824);
  assert.equal(chunkedLength({ decodedLength: 66_560, chunkLength: 65_536, signed: true }), 66_824);

  const authentication = verify(example, signature.headers);
  assert.ok(authentication.kind === 'signed' && authentication.chunkContext !== undefined);
  assert.deepEqual(authentication.payload, { kind: 'chunked', signed: true, trailer: false });
  const decoder = createChunkedDecoder({
    signed: authentication.chunkContext,
    trailer: false,
    decodedLength: 66_560,
  });
  assert.ok(Buffer.concat(decoder.push(encoded)).equals(body));
  assert.equal(decoder.end().trailers.size, 0);
});

test('chunked upload with a signed trailer: signatures as published, and the body decodes', () => {
  const example = streamed([['x-amz-trailer', 'x-amz-checksum-crc32c']], STREAMING_SIGNED_TRAILER);
  const signature = sign(example);
  assert.equal(signatureOf(signature), '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e');

  const encoder = new ChunkedEncoder({ signed: signature.chunkContext, trailer: true });
  const frames = chunks.map((chunk) => encoder.chunk(chunk));
  const end = encoder.end([['x-amz-checksum-crc32c', 'sOO8/Q==']]);
  assert.deepEqual(
    frames.map(([header]) => header.toString()),
    [
      '10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n',
      '400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n',
    ],
  );
  assert.equal(
    end.toString(),
    '0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n' +
      'x-amz-checksum-crc32c:sOO8/Q==\r\n' +
      'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n',
  );
  const encoded = Buffer.concat([...frames.flat(), end]);
  const trailers = { 'x-amz-checksum-crc32c': 8 };
  assert.equal(
    chunkedLength({ decodedLength: 66_560, chunkLength: 65_536, signed: true, trailers }),
    encoded.length,
  );

  const authentication = verify(example, signature.headers);
  assert.ok(authentication.kind === 'signed');
  const decoder = createChunkedDecoder({
    signed: authentication.chunkContext,
    trailer: true,
    decodedLength: 66_560,
    announcedTrailers: ['x-amz-checksum-crc32c'],
  });
  assert.ok(Buffer.concat(decoder.push(encoded)).equals(body));
  assert.deepEqual([...decoder.end().trailers], [['x-amz-checksum-crc32c', 'sOO8/Q==']]);
});
