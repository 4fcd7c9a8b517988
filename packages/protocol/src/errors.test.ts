/** @module Errors: what a client reads, and that an error is known for one of ours. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { encodeError, S3Error } from './errors.ts';
import { parseXml } from './xml/parse.ts';

test('an error knows its status and says something when nothing is said', () => {
  assert.equal(new S3Error('NoSuchKey').status, 404);
  assert.equal(new S3Error('InvalidRange').status, 416);
  assert.equal(new S3Error('NotModified').status, 304);
  assert.equal(new S3Error('MissingContentLength').status, 411);
  assert.equal(new S3Error('InvalidObjectState').status, 403);
  assert.equal(new S3Error('RestoreAlreadyInProgress').status, 409);
  assert.equal(new S3Error('InvalidPartNumber').status, 416);
  assert.notEqual(new S3Error('NoSuchKey').message, '');
  assert.equal(new S3Error('InvalidRequest', 'why').message, 'why');
});

test('only errors of ours are taken for S3 errors', () => {
  assert.ok(S3Error.isS3Error(new S3Error('InternalError')));
  for (const other of [new Error('NoSuchKey'), { code: 'NoSuchKey' }, 'NoSuchKey', null, undefined]) {
    assert.equal(S3Error.isS3Error(other), false);
  }
});

test('the XML has the code, the message, the details and the ids, all escaped', () => {
  const error = new S3Error('NoSuchKey', 'a < b & "c"', { Key: '<\u0001>&\n' });
  const xml = encodeError({ error, resource: '/b/<k>', requestId: 'R1', hostId: 'H1' });
  const root = parseXml(Buffer.from(xml));
  assert.equal(root.name, 'Error');
  assert.deepEqual(
    root.children.map(({ name, text }) => [name, text]),
    [
      ['Code', 'NoSuchKey'],
      ['Message', 'a < b & "c"'],
      ['Key', '<\u0001>&\n'],
      ['Resource', '/b/<k>'],
      ['RequestId', 'R1'],
      ['HostId', 'H1'],
    ],
  );
});
