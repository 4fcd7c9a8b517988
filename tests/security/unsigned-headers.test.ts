/**
 * @module Security: unsigned `x-amz-*` and `x-cistern-*` headers on presigned and on header-signed requests
 * (CVE-2026-54330 and its kin). Whatever the server understands is taken from the table that it decides by.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { S3OperationName } from '@cistern/protocol';

import { KNOWN_HEADERS } from '../../packages/protocol/src/known-headers.ts';
import { formatHead, RawConnection } from '../support/raw-http.ts';
import type { S3Response } from '../support/s3.ts';
import { needsOwnServer, startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';
import { addHeaders, sendPrepared } from './bend.ts';
import { everything, makeGround, OPERATIONS, optionsOf, SAMPLES } from './every-operation.ts';

const { s3 } = await startTestServer();
const options = { skip: needsOwnServer };
const ground = await makeGround(s3);

/** The only ones that may be unsigned (docs/security.md); each changes how a body is framed or checked, and nothing else. */
const FIVE: ReadonlySet<string> = new Set([
  'x-amz-content-sha256',
  'x-amz-decoded-content-length',
  'x-amz-trailer',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-checksum-algorithm',
]);

/** What it does not understand must be refused as well: whoever stands behind it may. */
const OTHERS = [
  'x-amz-meta-a',
  'x-amz-grant-full-control',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-customer-key',
  'x-amz-object-lock-mode',
  'x-amz-bypass-governance-retention',
  'x-amz-website-redirect-location',
  'x-amz-signature-age',
  'x-amz-nonsense',
  'x-amz-',
  'X-AMZ-ACL',
  'x-cistern-nonsense',
  'x-cistern-user',
  'X-Cistern-Live',
];

const ALL = new Set([...Object.values(KNOWN_HEADERS).flatMap((names) => [...names]), ...OTHERS]);

/** A value that means something, where one has to. */
const VALUES: Readonly<Record<string, string>> = {
  'x-amz-copy-source': `/${ground.bucket}/${ground.key}`,
  'x-amz-rename-source': `/${ground.key}`,
  'x-amz-metadata-directive': 'REPLACE',
  'x-amz-acl': 'public-read',
  'x-cistern-fork-source': ground.bucket,
};

type Auth = 'header' | 'presigned';

function send(name: S3OperationName, auth: Auth, header: string): Promise<S3Response> {
  const sample = SAMPLES[name](ground);
  const request = s3.prepare(sample.method, sample.path, { ...optionsOf(name, sample), auth });
  return sendPrepared(s3, addHeaders(request, [header, VALUES[header] ?? 'true']));
}

/** Of an operation, those that it does not send signed already. */
function unsignedOf(name: S3OperationName, auth: Auth): string[] {
  const { headers = {} } = SAMPLES[name](ground);
  return [...ALL].filter(
    (header) => !FIVE.has(header) && !(header in headers) && !(auth === 'header' && header === 'x-amz-date'),
  );
}

for (const auth of ['header', 'presigned'] as const) {
  test(`an unsigned header is refused, on every operation (${auth})`, options, async () => {
    const before = await everything(s3, ground);
    for (const name of OPERATIONS) {
      const head = SAMPLES[name](ground).method === 'HEAD';
      await Promise.all(
        unsignedOf(name, auth).map(async (header) => {
          const answer = await send(name, auth, header);
          assert.equal(answer.status, 403, `${name} with an unsigned ${header}: ${answer.text}`);
          if (head) return;
          assert.equal(answer.errorCode, 'AccessDenied', `${name} with an unsigned ${header}`);
          assert.equal(text(answer.text, 'HeadersNotSigned'), header.toLowerCase());
        }),
      );
    }
    assert.deepEqual(await everything(s3, ground), before);
  });
}

test('of the five, none is refused for not being signed', options, async () => {
  for (const header of FIVE) {
    const answer = await send('GetObject', 'presigned', header);
    assert.notEqual(answer.errorCode, 'AccessDenied', header);
  }
});

test('the algorithm that an upload or a copy shall have must be signed all the same', options, async () => {
  for (const auth of ['header', 'presigned'] as const) {
    for (const name of ['CreateMultipartUpload', 'CopyObject', 'UploadPartCopy'] as const) {
      const answer = await send(name, auth, 'x-amz-checksum-algorithm');
      assert.equal(answer.errorCode, 'AccessDenied', `${auth}: ${name}`);
    }
  }
});

test('an unsigned header is no better for standing in the trailers of a chunked body', options, async () => {
  const { headers, target } = s3.prepare('PUT', `/${ground.bucket}/trailed`, { payload: 'UNSIGNED-PAYLOAD' });
  const connection = await RawConnection.open(s3.endpoint);
  const framing = [
    ['transfer-encoding', 'chunked'],
    ['trailer', 'x-amz-meta-a'],
    ['x-amz-decoded-content-length', '1'],
  ] as const;
  await connection.send(formatHead('PUT', target, [...headers, ...framing]));
  await connection.send('1\r\nx\r\n0\r\nx-amz-meta-a: b\r\nx-amz-acl: public-read\r\n\r\n');
  await connection.read();
  connection.close();
  const answer = await s3.object('HEAD', ground.bucket, 'trailed');
  assert.equal(answer.headers['x-amz-meta-a'], undefined);
});
