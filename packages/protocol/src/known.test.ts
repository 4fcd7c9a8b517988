/** @module What an operation does not know is refused by name. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkAcl, refuseUnknown } from './known.ts';
import type { S3OperationName } from './operation.ts';
import { RawHeaders } from './raw-headers.ts';
import { BUCKET_SUBRESOURCES, OBJECT_SUBRESOURCES } from './subresources.ts';
import { Query } from './target.ts';

function accepts(
  operation: S3OperationName,
  headers: Record<string, string>,
  query: Record<string, string> = {},
): void {
  refuseUnknown(operation, new Query(Object.entries(query)), RawHeaders.from(Object.entries(headers)));
}

function refuses(
  operation: S3OperationName,
  headers: Record<string, string>,
  query: Record<string, string> = {},
): void {
  const named = Object.keys({ ...headers, ...query })[0] ?? '';
  assert.throws(
    () => accepts(operation, headers, query),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'NotImplemented');
      assert.ok(error.message.includes(named), error.message);
      return true;
    },
  );
}

test('headers of the signature and of the transfer are known to all', () => {
  const headers = {
    'x-amz-date': '20130524T000000Z',
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    'x-amz-request-payer': 'requester',
    'x-amzn-trace-id': 'Root=1',
    'x-forwarded-for': '::1',
  };
  for (const operation of ['ListBuckets', 'PutObject', 'GetObject', 'DeleteObjects'] as const)
    accepts(operation, headers);
});

test('an expected owner is known where there is a bucket that has one', () => {
  const headers = { 'x-amz-expected-bucket-owner': 'a' };
  for (const operation of ['HeadBucket', 'ListObjectsV2', 'PutObject', 'CopyObject', 'GetObject'] as const)
    accepts(operation, headers);
  for (const operation of ['ListBuckets', 'CreateBucket'] as const) refuses(operation, headers);
});

test('a header belongs to the operations that serve it', () => {
  accepts('PutObject', { 'x-amz-meta-a': '1', 'x-amz-tagging': 'a=1', 'x-amz-checksum-crc32': 'AAAAAA==' });
  accepts('CopyObject', {
    'x-amz-copy-source': '/b/k',
    'x-amz-copy-source-if-match': 'x',
    'x-amz-metadata-directive': 'COPY',
  });
  accepts('GetObject', { 'x-amz-checksum-mode': 'ENABLED' });
  refuses('GetObject', { 'x-amz-meta-a': '1' });
  refuses('PutObject', { 'x-amz-copy-source-if-match': 'x' });
  refuses('CopyObject', { 'x-amz-checksum-crc32': 'AAAAAA==' });
  refuses('DeleteObject', { 'x-amz-mfa': '1 2' });
});

/** Each header with an operation that has it, and one that is close and has it not. */
const HEADERS: readonly (readonly [header: string, known: S3OperationName, unknown: S3OperationName])[] = [
  ['x-amz-tagging', 'CreateMultipartUpload', 'PutObjectTagging'],
  ['x-amz-storage-class', 'CreateMultipartUpload', 'UploadPart'],
  ['x-amz-meta-a', 'CreateMultipartUpload', 'UploadPart'],
  ['x-amz-checksum-type', 'CompleteMultipartUpload', 'UploadPart'],
  ['x-amz-checksum-sha256', 'UploadPart', 'UploadPartCopy'],
  ['x-amz-mp-object-size', 'CompleteMultipartUpload', 'AbortMultipartUpload'],
  ['x-amz-if-match-last-modified-time', 'DeleteObject', 'PutObject'],
  ['x-amz-if-match-size', 'DeleteObject', 'DeleteObjects'],
  ['x-amz-object-attributes', 'GetObjectAttributes', 'HeadObject'],
  ['x-amz-max-parts', 'GetObjectAttributes', 'ListParts'],
  ['x-amz-part-number-marker', 'GetObjectAttributes', 'ListParts'],
  ['x-amz-write-offset-bytes', 'PutObject', 'UploadPart'],
  ['x-amz-copy-source-range', 'UploadPartCopy', 'CopyObject'],
  ['x-amz-copy-source-if-match', 'UploadPartCopy', 'UploadPart'],
  ['x-amz-rename-source', 'RenameObject', 'CopyObject'],
  ['x-amz-rename-source-if-none-match', 'RenameObject', 'PutObject'],
  ['x-amz-client-token', 'RenameObject', 'CopyObject'],
  ['x-cistern-live', 'PutObject', 'UploadPart'],
  ['x-cistern-follow', 'ReadUpload', 'GetObject'],
  ['x-cistern-small-parts', 'CompleteMultipartUpload', 'UploadPart'],
  ['x-cistern-fork-source', 'ForkBucket', 'CreateBucket'],
  ['x-cistern-fork-time', 'ForkBucket', 'CreateSnapshot'],
];

for (const [header, known, unknown] of HEADERS) {
  test(`${header} is one of ${known}, and not of ${unknown}`, () => {
    accepts(known, { [header]: '1' });
    refuses(unknown, { [header]: '1' });
  });
}

test('no operation takes a code of multi-factor authentication', () => {
  for (const operation of ['PutBucketVersioning', 'DeleteObject', 'DeleteObjects'] as const)
    refuses(operation, { 'x-amz-mfa': '1 2' });
});

test('an operation knows its own sub-resource', () => {
  for (const [name, methods] of [...BUCKET_SUBRESOURCES, ...OBJECT_SUBRESOURCES]) {
    for (const operation of Object.values(methods)) {
      assert.ok(operation !== undefined);
      accepts(operation, {}, { [name]: '' });
    }
  }
});

test('what asks for something that is not done is refused', () => {
  for (const name of [
    'x-amz-server-side-encryption',
    'x-amz-server-side-encryption-customer-algorithm',
    'x-amz-object-lock-mode',
    'x-amz-grant-read',
    'x-amz-website-redirect-location',
    'x-amz-mfa',
    'x-amz-mp-object-size',
    'x-amz-unheard-of',
    'x-cistern-unheard-of',
  ]) {
    refuses('PutObject', { [name]: '1' });
  }
});

test('parameters: those of the operation, and the client’s own', () => {
  accepts('ListObjectsV2', {}, { 'list-type': '2', prefix: '', 'x-id': 'ListObjectsV2', 'x-trace': '1' });
  refuses('GetObject', {}, { prefix: 'a' });
  refuses('ListObjects', {}, { 'start-after': 'a' });
  accepts('GetObject', {}, { versionId: 'null', partNumber: '1' });
  accepts('RestoreObject', {}, { restore: '', versionId: 'null' });
  for (const operation of ['PutObject', 'CopyObject', 'UploadPart', 'RenameObject'] as const)
    refuses(operation, {}, { versionId: 'null' });
  for (const name of ['nonsense', 'Prefix', 'x-amz-acl', 'X-Amz-Acl', 'X-AMZ-META-A', 'x-cistern-a']) {
    refuses('ListObjects', {}, { [name]: '1' });
  }
});

const SIGNATURE = { 'X-Amz-Signature': 'a', 'X-Amz-Date': 'b', 'X-Amz-Expires': '1' };

test('a presigned URL may carry its signature, and what has become a header', () => {
  accepts('GetObject', {}, SIGNATURE);
  accepts(
    'GetObject',
    { 'x-amz-checksum-mode': 'ENABLED' },
    { ...SIGNATURE, 'x-amz-checksum-mode': 'ENABLED' },
  );
  accepts(
    'PutObject',
    {},
    { ...SIGNATURE, 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-sdk-checksum-algorithm': 'CRC32' },
  );
  assert.throws(
    () => accepts('PutObject', {}, { ...SIGNATURE, 'X-Amz-Meta-A': '1' }),
    { code: 'NotImplemented' },
    'a parameter that nobody has read is not ignored',
  );
  assert.throws(
    () =>
      accepts(
        'PutObject',
        { 'x-amz-object-lock-mode': 'x' },
        { ...SIGNATURE, 'x-amz-object-lock-mode': 'x' },
      ),
    {
      code: 'NotImplemented',
    },
  );
});

test('canned ACLs: what is so anyway, what is not done, what is none', () => {
  const check = (acl: string): void => checkAcl(RawHeaders.from([['x-amz-acl', acl]]));
  checkAcl(RawHeaders.from([]));
  for (const acl of ['private', 'bucket-owner-full-control']) check(acl);
  for (const acl of ['public-read', 'public-read-write', 'authenticated-read']) {
    assert.throws(() => check(acl), { code: 'NotImplemented' });
  }
  for (const acl of ['', 'everyone', 'PRIVATE']) assert.throws(() => check(acl), { code: 'InvalidArgument' });
});

test('a parameter that is given twice says the same', () => {
  const listed = (pairs: [string, string][]) =>
    refuseUnknown('ListObjects', new Query(pairs), RawHeaders.from([]));
  listed([
    ['prefix', 'a'],
    ['prefix', 'a'],
  ]);
  for (const second of ['b', '']) {
    const pairs: [string, string][] = [
      ['prefix', 'a'],
      ['marker', 'c'],
      ['prefix', second],
    ];
    assert.throws(() => listed(pairs), { code: 'InvalidArgument' });
  }
});
