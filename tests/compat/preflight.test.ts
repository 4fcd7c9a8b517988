/**
 * @module CORS preflight requests: browsers send them without a signature. No bucket allows any yet.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors-troubleshooting.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError } from '../support/expect.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

const ASKING = { origin: 'https://example.com', 'access-control-request-method': 'PUT' };

test('a bucket without a CORS configuration forbids them, and allows no origin', async () => {
  for (const [path, resourceType] of [
    [`/${bucket}`, 'BUCKET'],
    [`/${bucket}/key`, 'OBJECT'],
    // An answer that differed would tell anybody which buckets there are.
    ['/no-such-bucket-here/key', 'OBJECT'],
  ] as const) {
    const response = await s3.send('OPTIONS', path, { auth: 'anonymous', headers: ASKING });
    expectError(response, 403, 'AccessForbidden');
    assert.equal(text(response.text, 'Message'), 'CORSResponse: CORS is not enabled for this bucket.');
    assert.deepEqual(
      [text(response.text, 'Method'), text(response.text, 'ResourceType')],
      ['PUT', resourceType],
    );
    assert.equal(response.headers['access-control-allow-origin'], undefined);
  }
});

test('one that does not say who asks, or for what, is a bad request', async () => {
  const { origin, ...without } = ASKING;
  for (const headers of [without, { origin }]) {
    const response = await s3.object('OPTIONS', bucket, 'key', { auth: 'anonymous', headers });
    expectError(response, 400, 'BadRequest');
  }
});
