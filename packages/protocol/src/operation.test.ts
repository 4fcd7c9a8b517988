/** @module Routing: which operation a request asks for. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { operationName, parseOperation, refusedOperation } from './operation.ts';
import { RawHeaders } from './raw-headers.ts';
import { BUCKET_SUBRESOURCES, OBJECT_SUBRESOURCES } from './subresources.ts';
import { UNSUPPORTED_OF_BUCKET, UNSUPPORTED_OF_OBJECT } from './unsupported.ts';

function request(line: string, headers: [string, string][] = []): Parameters<typeof parseOperation>[0] {
  const [method = '', target = ''] = line.split(' ');
  return { method, target, headers: RawHeaders.from(headers), domains: ['s3.test'] };
}

function route(line: string, headers?: [string, string][]): string {
  const operation = parseOperation(request(line, headers));
  return operation.name === 'Unsupported' ? `501 ${operationName(operation)}` : operation.name;
}

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'];

const ROUTES: Readonly<Record<string, string>> = {
  'GET /': 'ListBuckets',
  'GET /?prefix=a': 'ListBuckets',
  'PUT /b': 'CreateBucket',
  'PUT /b/': 'CreateBucket',
  'HEAD /b': 'HeadBucket',
  'DELETE /b': 'DeleteBucket',
  'GET /b': 'ListObjects',
  'GET /b?list-type=1': 'ListObjects',
  'GET /b?list-type=2': 'ListObjectsV2',
  'GET /b?location': 'GetBucketLocation',
  'POST /b?delete': 'DeleteObjects',
  'POST /b?delete=': 'DeleteObjects',
  'PUT /b/k': 'PutObject',
  'GET /b/k': 'GetObject',
  'HEAD /b/k': 'HeadObject',
  'DELETE /b/k': 'DeleteObject',
  'GET /b//': 'GetObject',
  'GET /b/k?response-content-type=a': 'GetObject',
  // sub-resources of the other kind are parameters that the operation refuses by name
  'GET /b/k?delete': 'GetObject',
  'GET /b/k?policy': 'GetObject',
  'POST /b': '501 PostObject',
  'GET /b?versions': 'ListObjectVersions',
  'GET /b?uploads': 'ListMultipartUploads',
  'GET /b?policyStatus': '501 GetBucketPolicyStatus',
  'PUT /b?policy': '501 PutBucketPolicy',
  'GET /b?lifecycle': '501 GetBucketLifecycleConfiguration',
  'DELETE /b?lifecycle': '501 DeleteBucketLifecycle',
  'PUT /b?publicAccessBlock': '501 PutPublicAccessBlock',
  'GET /b?object-lock': '501 GetObjectLockConfiguration',
  'GET /b?inventory': '501 ListBucketInventoryConfigurations',
  'GET /b?inventory&id=1': '501 GetBucketInventoryConfiguration',
  'PUT /b?metrics&id=1': '501 PutBucketMetricsConfiguration',
  'POST /b?metadataTable': '501 CreateBucketMetadataTableConfiguration',
  'PUT /b?metadataJournalTable': '501 UpdateBucketMetadataJournalTableConfiguration',
  'PUT /b?abac': '501 PutBucketAbac',
  'GET /b?list-type=2&versions': 'ListObjectVersions',
  'GET /b/k?acl': '501 GetObjectAcl',
  'PUT /b/k?tagging': 'PutObjectTagging',
  'PUT /b/k?encryption': '501 UpdateObjectEncryption',
  'GET /b/k?annotation': '501 ListObjectAnnotations',
  'GET /b/k?annotation&annotationName=a': '501 GetObjectAnnotation',
  'POST /b/k?uploads': 'CreateMultipartUpload',
  'PUT /b/k?partNumber=1&uploadId=x': 'UploadPart',
  'POST /b/k?uploadId=x': 'CompleteMultipartUpload',
  'DELETE /b/k?uploadId=x': 'AbortMultipartUpload',
  'GET /b/k?uploadId=x': 'ListParts',
  'PUT /b/k?partNumber=1': 'UploadPart',
  'GET /b/k?partNumber=1': 'GetObject',
  'HEAD /b/k?partNumber=1': 'HeadObject',
  'POST /b/k?select&select-type=2': '501 SelectObjectContent',
  'POST /b/k?restore': 'RestoreObject',
  'GET /b?tagging': 'GetBucketTagging',
  'PUT /b?tagging': 'PutBucketTagging',
  'DELETE /b?tagging': 'DeleteBucketTagging',
  'GET /b?versioning': 'GetBucketVersioning',
  'PUT /b?versioning': 'PutBucketVersioning',
  'PUT /b?cistern-snapshot=s': 'CreateSnapshot',
  'DELETE /b?cistern-snapshot=s': 'DeleteSnapshot',
  'GET /b?cistern-snapshots': 'ListSnapshots',
  'PUT /b?cistern-fork': 'ForkBucket',
  'GET /b/k?tagging&versionId=null': 'GetObjectTagging',
  'DELETE /b/k?tagging': 'DeleteObjectTagging',
  'GET /b/k?attributes': 'GetObjectAttributes',
  'PUT /b/k?renameObject': 'RenameObject',
  'PUT /b/k?uploadId=x': 'UploadPart',
  'GET /b/k?uploadId=x&partNumber=1': 'ListParts',
  'GET /b/k?cistern-upload=x': 'ReadUpload',
  'HEAD /b/k?cistern-upload=x': 'HeadUpload',
  'PUT /b/k?cistern-upload=x': 'ResumeUpload',
  'GET /b/k?cistern-uploads': 'ListKeyUploads',
};

for (const [line, name] of Object.entries(ROUTES)) {
  test(`${line} is ${name}`, () => assert.equal(route(line), name));
}

test('a copy source makes a copy of a put, and of a part', () => {
  const headers: [string, string][] = [['x-amz-copy-source', '/b/k']];
  assert.equal(route('PUT /b/k', headers), 'CopyObject');
  assert.equal(route('PUT /b/k?partNumber=1&uploadId=x', headers), 'UploadPartCopy');
});

test('no sub-resource that is not served is taken for an operation that is', () => {
  for (const method of METHODS) {
    for (const name of UNSUPPORTED_OF_BUCKET.keys()) assert.match(route(`${method} /b?${name}`), /^501 \w/);
    for (const name of UNSUPPORTED_OF_OBJECT.keys()) assert.match(route(`${method} /b/k?${name}`), /^501 \w/);
  }
});

test('a sub-resource that is served has its methods and no others', () => {
  for (const [path, subresources] of [
    ['/b', BUCKET_SUBRESOURCES],
    ['/b/k', OBJECT_SUBRESOURCES],
  ] as const) {
    for (const [name, methods] of subresources) {
      for (const method of METHODS) {
        const line = `${method} ${path}?${name}`;
        const operation = methods[method];
        if (operation !== undefined) assert.equal(route(line), operation);
        else assert.throws(() => route(line), { code: 'MethodNotAllowed' }, line);
      }
    }
  }
});

test('sub-resources that clash are refused', () => {
  for (const line of [
    'GET /b?versions&uploads',
    'GET /b?acl&versioning',
    'PUT /b?tagging&policy',
    'DELETE /b/k?tagging&uploadId=x',
    'PUT /b/k?uploadId=x&partNumber=1&cistern-upload=x',
    'POST /b/k?uploads&uploadId=x',
  ]) {
    assert.throws(() => route(line), { code: 'InvalidArgument', message: /^Conflicting/ }, line);
  }
  assert.throws(() => route('GET /b?versioning&acl'), {
    message: 'Conflicting query string parameters: acl, versioning',
    details: { ArgumentName: 'ResourceType', ArgumentValue: 'acl' },
  });
  assert.equal(route('GET /b/k?tagging&tagging'), 'GetObjectTagging');
});

test('the host decides between bucket and object', () => {
  const host: [string, string][] = [['host', 'b.s3.test']];
  assert.equal(route('GET /', host), 'ListObjects');
  assert.equal(route('PUT /k', host), 'PutObject');
  assert.equal(route('GET /?uploads', host), 'ListMultipartUploads');
});

test('methods that S3 does not know are not allowed', () => {
  for (const line of [
    'OPTIONS /',
    'PUT /',
    'POST /',
    'DELETE /',
    'HEAD /',
    'PATCH /b',
    'PATCH /b?acl',
    'PROPFIND /b/k?tagging',
    'TRACE /b/k',
    'POST /b/k',
    'get /b/k',
  ]) {
    assert.throws(() => route(line), { code: 'MethodNotAllowed', status: 405 }, line);
  }
});

test('what a refused request asked for is known where it can be', () => {
  const long = 'k'.repeat(1025);
  for (const [line, code, name, host] of [
    [`GET /b/${long}`, 'KeyTooLongError', 'GetObject'],
    [`PUT /b/${long}?tagging`, 'KeyTooLongError', 'PutObjectTagging'],
    ['HEAD /b/%zz', 'InvalidURI', 'HeadObject'],
    ['GET /%zz?list-type=2', 'InvalidURI', 'ListObjectsV2'],
    ['GET /b?list-type=2&prefix=%ff', 'InvalidArgument', 'ListObjectsV2'],
    ['GET /b?%ff&uploads', 'InvalidArgument', 'ListMultipartUploads'],
    ['DELETE /%zz', 'InvalidURI', 'DeleteObject', 'b.s3.test'],
    ['OPTIONS /b/k', 'BadRequest', 'Preflight'],
    ['GET //k', 'InvalidURI', undefined],
    ['GET b/k', 'InvalidURI', undefined],
    ['POST /b/k', 'MethodNotAllowed', undefined],
    ['PROPFIND /b/k', 'MethodNotAllowed', undefined],
    ['OPTIONS /', 'MethodNotAllowed', undefined],
  ] as const) {
    const asked = request(line, host === undefined ? [] : [['host', host]]);
    assert.throws(() => parseOperation(asked), { code }, line);
    assert.equal(refusedOperation(asked), name, line);
  }
});

test('a target in absolute form names the host that the header names', () => {
  const target = 'GET http://S3.test:9000/b/k?tagging';
  assert.equal(route(target, [['host', 's3.test:9000']]), 'GetObjectTagging');
  for (const host of ['b.s3.test:9000', 's3.test', 'evil.test:9000', '']) {
    assert.throws(() => route(target, [['host', host]]), { code: 'InvalidRequest' }, host);
  }
  assert.throws(() => route(target), { code: 'InvalidRequest' });
});
