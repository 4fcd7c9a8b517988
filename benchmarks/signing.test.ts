/** @module Tests of what a replayed request is signed with. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signedHead } from './signing.ts';

const target = {
  name: 'test',
  endpoint: new URL('http://127.0.0.1:9000'),
  accessKeyId: 'id',
  secretAccessKey: 'secret',
  region: 'us-east-1',
};

test('headers of a row are sent, and are signed', () => {
  const head = signedHead(target, {
    method: 'PUT',
    path: '/bucket/key?partNumber=1&uploadId=a',
    headers: [['x-amz-copy-source', '/bucket/source']],
  });
  assert.match(head, /^PUT \/bucket\/key\?partNumber=1&uploadId=a HTTP\/1\.1\r\n/);
  assert.match(head, /\r\nx-amz-copy-source: \/bucket\/source\r\n/);
  assert.match(head, /SignedHeaders=[a-z0-9;-]*x-amz-copy-source/);
});
