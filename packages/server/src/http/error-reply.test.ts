/** Errors of lower layers as clients see them. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { S3Error } from '@cistern/protocol';
import { StoreError } from '@cistern/store';
import { CatalogError } from '../catalog/errors.ts';
import type { CatalogErrorCode } from '../catalog/errors.ts';
import { errorReply, toS3Error } from './error-reply.ts';
import type { Reply } from './reply.ts';

const CONTEXT = { method: 'GET', resource: '/photos/a<b&c', requestId: 'R1' };

const body = (reply: Reply): string => (reply.body.kind === 'bytes' ? reply.body.bytes.toString() : '');

suite('what a catalog says', () => {
  /** The S3 code, its status, and whether the log has to explain it. */
  const EXPECTED: Record<CatalogErrorCode, readonly [code: string, status: number, internal: boolean]> = {
    NoSuchBucket: ['NoSuchBucket', 404, false],
    BucketExists: ['BucketAlreadyExists', 409, false],
    BucketOwnedByYou: ['BucketAlreadyOwnedByYou', 409, false],
    BucketNotEmpty: ['BucketNotEmpty', 409, false],
    NoSuchSnapshot: ['NoSuchSnapshot', 404, false],
    SnapshotExists: ['SnapshotAlreadyExists', 409, false],
    TooManySnapshots: ['TooManySnapshots', 400, false],
    NoSuchKey: ['NoSuchKey', 404, false],
    PreconditionFailed: ['PreconditionFailed', 412, false],
    VersionedBucket: ['InvalidRequest', 400, false],
    InvalidWriteOffset: ['InvalidWriteOffset', 400, false],
    TooManyParts: ['TooManyParts', 400, false],
    TokenMismatch: ['IdempotencyParameterMismatch', 400, false],
    SourceChanged: ['ConditionalRequestConflict', 409, false],
    NoSuchUpload: ['NoSuchUpload', 404, false],
    PartsChanged: ['ConditionalRequestConflict', 409, false],
    StorageFull: ['ServiceUnavailable', 503, true],
    Stopped: ['ServiceUnavailable', 503, true],
  };
  for (const [name, expected] of Object.entries(EXPECTED)) {
    test(`${name} is ${expected[0]} to clients`, () => {
      const { error, internal } = toS3Error(new CatalogError(name as CatalogErrorCode, 'row 7 of versions'));
      assert.deepEqual([error.code, error.status, internal], expected);
      if (name !== 'BucketNotEmpty') assert.doesNotMatch(error.message, /row 7/);
    });
  }

  test('what a bucket holds is told in the catalog’s own words', () => {
    const { error } = toS3Error(
      new CatalogError('BucketNotEmpty', 'The bucket photos has snapshots: daily.'),
    );
    assert.equal(error.message, 'The bucket photos has snapshots: daily.');
  });

  test('is told apart: full from failed', () => {
    const message = (code: CatalogErrorCode): string => toS3Error(new CatalogError(code, '')).error.message;
    assert.match(message('StorageFull'), /full.*Delete objects or add space/);
    assert.match(message('Stopped'), /disk.*no more writes/);
  });
});

suite('what others say', () => {
  test('an error of S3’s stays what it is', () => {
    const error = new S3Error('NoSuchKey', 'gone', { Key: 'k' });
    assert.deepEqual(toS3Error(error), { error, internal: false });
    assert.equal(toS3Error(new S3Error('InternalError')).internal, true);
  });

  for (const [code, message] of [
    ['ENOSPC', /full/],
    ['EDQUOT', /full/],
    ['EMFILE', /short of/],
    ['ENFILE', /short of/],
    ['EAGAIN', /short of/],
    ['ENOMEM', /short of/],
  ] as const) {
    test(`${code} of the system is to be tried again`, () => {
      const { error, internal } = toS3Error(Object.assign(new Error('write /data/tmp/7'), { code }));
      assert.equal(error.code, 'ServiceUnavailable');
      assert.match(error.message, message);
      assert.equal(internal, true);
    });
  }

  for (const code of [
    'Unavailable',
    'Timeout',
    'StorageFull',
    'Unauthenticated',
    'PermissionDenied',
  ] as const) {
    test(`${code} of a store of blobs is to be tried again, and tells nothing of the store`, () => {
      const { error, internal } = toS3Error(new StoreError(code, 'put of blobs/7: http://10.0.0.7'));
      assert.deepEqual([error.code, error.status, internal], ['ServiceUnavailable', 503, true]);
      assert.doesNotMatch(error.message, /10\.0/);
    });
  }

  const unknown: readonly unknown[] = [
    new StoreError('NotFound', 'blobs/7'),
    Object.assign(new Error('open /data/blobs/1'), { code: 'EACCES' }),
    Object.assign(new Error('of sqlite'), { code: 'ERR_SQLITE_ERROR', errcode: 13 }),
    new TypeError('x is not a function'),
    'a string',
    undefined,
    null,
    { code: 'ENOSPC' },
  ];
  for (const cause of unknown) {
    test(`${String(cause)} is an internal error that tells nothing of itself`, () => {
      const { error, internal } = toS3Error(cause);
      assert.equal(error.code, 'InternalError');
      assert.equal(error.message, new S3Error('InternalError').message);
      assert.equal(internal, true);
    });
  }
});

suite('an error on its way', () => {
  test('is S3’s XML with its status, its details, and the request that it is of', () => {
    const reply = errorReply(new S3Error('NoSuchKey', 'no <such> key', { Key: 'a&b' }), CONTEXT);
    assert.equal(reply.status, 404);
    assert.deepEqual(reply.headers, ['Content-Type', 'application/xml']);
    const xml = body(reply);
    assert.match(xml, /^<\?xml version="1\.0" encoding="UTF-8"\?>\s*<Error><Code>NoSuchKey<\/Code>/);
    assert.match(xml, /<Message>no &lt;such&gt; key<\/Message><Key>a&amp;b<\/Key>/);
    assert.match(xml, /<Resource>\/photos\/a&lt;b&amp;c<\/Resource>/);
    assert.match(xml, /<RequestId>R1<\/RequestId><HostId>R1<\/HostId><\/Error>$/);
  });

  test('says when to try again, and how long the object is whose range was asked for', () => {
    const headers = (error: S3Error): string[] => errorReply(error, CONTEXT).headers;
    assert.deepEqual(headers(new S3Error('ServiceUnavailable')).slice(0, 2), ['Retry-After', '1']);
    const range = new S3Error('InvalidRange', undefined, { ActualObjectSize: '42' });
    assert.deepEqual(headers(range).slice(0, 2), ['Content-Range', 'bytes */42']);
  });

  test('has no body when nothing was modified', () => {
    const reply = errorReply(new S3Error('NotModified'), CONTEXT);
    assert.equal(reply.status, 304);
    assert.deepEqual(reply.headers, []);
    assert.equal(reply.body.kind, 'none');
  });
});
