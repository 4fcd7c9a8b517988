/**
 * @module DeleteObjects: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';

import { contents, expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { etagOf, md5Base64, type S3RequestOptions, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { putVersion, versionedBucket } from '../support/versions.ts';
import { elements, text, texts } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

function escapeXml(value: string): string {
  return value.replaceAll(/[^ -%'-;=?-~]/gu, (c) => `&#${c.codePointAt(0)};`);
}

function listOf(keys: readonly string[], quiet?: boolean): string {
  const objects = keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`).join('');
  const mode = quiet === undefined ? '' : `<Quiet>${quiet}</Quiet>`;
  return `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${mode}${objects}</Delete>`;
}

function post(body: string, options: S3RequestOptions = {}, target = bucket): Promise<S3Response> {
  return s3.bucket('POST', target, {
    query: 'delete',
    headers: { 'content-md5': md5Base64(body) },
    body,
    ...options,
  });
}

function deletedKeys(response: S3Response): string[] {
  return elements(response.text, 'Deleted').map((entry) => text(entry, 'Key') ?? '');
}

test('deletes each key and says so, those that were not there included', async () => {
  const keys = ['a', 'b/c', 'd e+f%', 'ümlaut', '😀', '<&>"', 'control\u0001', 'a//..'];
  for (const key of keys) await s3.put(bucket, key, 'x');
  await s3.put(bucket, 'stays', 'x');
  const response = await post(listOf([...keys, 'never-was']));
  expectStatus(response, 200);
  assert.match(response.headers['content-type'] ?? '', /^application\/xml/);
  assert.deepEqual(deletedKeys(response).sort(), [...keys, 'never-was'].sort());
  assert.deepEqual(elements(response.text, 'Error'), []);
  assert.deepEqual(
    (await contents(s3, bucket)).map((line) => line.split(' ')[0]),
    ['stays'],
  );
});

test('quiet mode reports errors only', async () => {
  await s3.put(bucket, 'quiet-1', 'x');
  const response = await post(listOf(['quiet-1', 'quiet-2'], true));
  expectStatus(response, 200);
  assert.deepEqual(deletedKeys(response), []);
  expectError(await s3.object('GET', bucket, 'quiet-1'), 404, 'NoSuchKey');
  await s3.put(bucket, 'loud', 'x');
  assert.deepEqual(deletedKeys(await post(listOf(['loud'], false))), ['loud']);
});

test('a thousand keys are deleted in one request, and 1,001 in none', async () => {
  const own = await s3.freshBucket();
  const keys = Array.from({ length: 1001 }, (_, i) => `k${String(i).padStart(4, '0')}`);
  for (let i = 0; i < 64; i++) await s3.put(own, keys[i * 15] as string, 'x');
  await leavesUnchanged(s3, own, async () => {
    expectError(await post(listOf(keys), {}, own), 400, 'MalformedXML');
  });
  const response = await post(listOf(keys.slice(0, 1000)), {}, own);
  expectStatus(response, 200);
  assert.equal(deletedKeys(response).length, 1000);
  assert.deepEqual(await contents(s3, own), []);
});

test('a key named twice is deleted', async () => {
  await s3.put(bucket, 'twice', 'x');
  const response = await post(listOf(['twice', 'twice']));
  expectStatus(response, 200);
  assert.ok(deletedKeys(response).every((key) => key === 'twice'));
  expectError(await s3.object('GET', bucket, 'twice'), 404, 'NoSuchKey');
});

test('the version “null” is deleted, and another one is an error of its own key only', async () => {
  await s3.put(bucket, 'v1', 'x');
  await s3.put(bucket, 'v2', 'x');
  const body =
    '<Delete><Object><Key>v1</Key><VersionId>null</VersionId></Object>' +
    '<Object><Key>v2</Key><VersionId>QUpfdndhfd8438MNFDN93jdnJFkdmqnh</VersionId></Object></Delete>';
  const response = await post(body);
  expectStatus(response, 200);
  assert.deepEqual(deletedKeys(response), ['v1']);
  const errors = elements(response.text, 'Error');
  assert.deepEqual(
    errors.map((entry) => text(entry, 'Key')),
    ['v2'],
  );
  assert.ok(['NoSuchVersion', 'InvalidArgument'].includes(text(errors[0] ?? '', 'Code') ?? ''));
  expectStatus(await s3.object('GET', bucket, 'v2'), 200);
});

test('a key above 1,024 bytes is an error of its own, and the others are deleted', async () => {
  await s3.put(bucket, 'short', 'x');
  const response = await post(listOf(['short', 'x'.repeat(1025)]));
  expectStatus(response, 200);
  assert.deepEqual(deletedKeys(response), ['short']);
  assert.deepEqual(texts(elements(response.text, 'Error')[0] ?? '', 'Code'), ['KeyTooLongError']);
});

test('malformed lists delete nothing', async () => {
  await s3.put(bucket, 'kept', 'x');
  const bodies = [
    '',
    'not xml',
    '<Delete>',
    '<Delete></Delete>',
    '<Delete><Quiet>true</Quiet></Delete>',
    '<Other><Object><Key>kept</Key></Object></Other>',
    '<Delete><Object></Object></Delete>',
    '<Delete><Object><Key></Key></Object></Delete>',
    '<Delete><Object><Key>kept</Key></Object><Object></Object></Delete>',
    '<Delete><Object><Key>kept</Key><Key>kept</Key></Object></Delete>',
    '<Delete><Object><Key>kept</Key></Object></Delete><Delete/>',
    '<Delete><Object><Key>kept</Key></Object><Unknown/></Delete>',
    '<Delete><Quiet>maybe</Quiet><Object><Key>kept</Key></Object></Delete>',
    '<!DOCTYPE d [<!ENTITY k "kept">]><Delete><Object><Key>&k;</Key></Object></Delete>',
    '<Delete><Object><Key>kept</Key></Object>',
  ];
  for (const body of bodies) {
    await leavesUnchanged(s3, bucket, async () => {
      const response = await post(body);
      assert.equal(response.status, 400, `${body}: ${response.text}`);
      assert.ok(
        ['MalformedXML', 'UserKeyMustBeSpecified', 'MissingRequestBodyError'].includes(
          response.errorCode ?? '',
        ),
      );
    });
  }
});

test('the body must carry a digest, and the digest must be right', async () => {
  await s3.put(bucket, 'digest', 'x');
  const body = listOf(['digest']);
  await leavesUnchanged(s3, bucket, async () => {
    const unsigned = { headers: {}, payload: 'UNSIGNED-PAYLOAD' };
    expectError(await post(body, unsigned), 400, 'InvalidRequest');
    expectError(await post(body, { headers: { 'content-md5': md5Base64('other') } }), 400, 'BadDigest');
    expectError(await post(body, { headers: { 'content-md5': 'short' } }), 400, 'InvalidDigest');
    const crc = { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-sdk-checksum-algorithm': 'CRC32' };
    expectError(await post(body, { headers: crc }), 400, 'BadDigest');
    expectError(await post(body, { payload: 'b'.repeat(64) }), 400, 'XAmzContentSHA256Mismatch');
  });
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  const headers = { 'x-amz-checksum-crc32': sum.toString('base64'), 'x-amz-sdk-checksum-algorithm': 'CRC32' };
  expectStatus(await post(body, { headers }), 200);
  expectError(await s3.object('GET', bucket, 'digest'), 404, 'NoSuchKey');
});

test('conditions are of each key alone', async () => {
  for (const key of ['c1', 'c2', 'c3', 'c4']) await s3.put(bucket, key, 'x');
  const modified = (await s3.object('HEAD', bucket, 'c3')).headers['last-modified'];
  const object = (key: string, more: string): string => `<Object><Key>${key}</Key>${more}</Object>`;
  const response = await post(
    `<Delete>${[
      object('c1', `<ETag>${etagOf('x')}</ETag>`),
      object('c2', `<ETag>${etagOf('y')}</ETag>`),
      object('c3', `<Size>1</Size><LastModifiedTime>${modified}</LastModifiedTime>`),
      object('c4', '<Size>2</Size>'),
      object('c5', '<ETag>*</ETag>'),
      object('c6', '<Size>2</Size>'),
    ].join('')}</Delete>`,
  );
  expectStatus(response, 200);
  assert.deepEqual(deletedKeys(response), ['c1', 'c3', 'c6']);
  const errors = elements(response.text, 'Error').map((one) => [text(one, 'Key'), text(one, 'Code')]);
  assert.deepEqual(errors, [
    ['c2', 'PreconditionFailed'],
    ['c4', 'PreconditionFailed'],
    ['c5', 'NoSuchKey'],
  ]);
  for (const key of ['c2', 'c4']) expectStatus(await s3.object('GET', bucket, key), 200);
});

test('in a bucket with versions: markers are made and removed, versions removed, and each is told', async () => {
  const own = await versionedBucket(s3);
  const first = await putVersion(s3, own, 'a', '1');
  const second = await putVersion(s3, own, 'a', '2');
  await putVersion(s3, own, 'b', '1');
  const object = (key: string, id?: string): string =>
    `<Object><Key>${key}</Key>${id === undefined ? '' : `<VersionId>${id}</VersionId>`}</Object>`;
  const list = (...objects: string[]): string => `<Delete>${objects.join('')}</Delete>`;
  const told = (response: S3Response): (string | undefined)[][] =>
    elements(response.text, 'Deleted').map((one) =>
      ['Key', 'VersionId', 'DeleteMarker', 'DeleteMarkerVersionId'].map((name) => text(one, name)),
    );
  const made = await post(list(object('a', first), object('b'), object('a', first)), {}, own);
  const marker = texts(made.text, 'DeleteMarkerVersionId')[0] ?? '';
  assert.deepEqual(told(made), [
    ['a', first, undefined, undefined],
    ['b', undefined, 'true', marker],
    ['a', first, undefined, undefined],
  ]);
  assert.equal((await s3.object('GET', own, 'a')).text, '2');
  expectError(await s3.object('GET', own, 'b'), 404, 'NoSuchKey');
  const removed = await post(list(object('b', marker), object('a', second)), {}, own);
  assert.deepEqual(told(removed), [
    ['b', marker, 'true', marker],
    ['a', second, undefined, undefined],
  ]);
  assert.equal((await s3.object('GET', own, 'b')).text, '1');
  expectError(await s3.object('GET', own, 'a'), 404, 'NoSuchKey');
});

test('refused requests delete nothing', async () => {
  await s3.put(bucket, 'guarded', 'x');
  const body = listOf(['guarded']);
  const md5 = { 'content-md5': md5Base64(body) };
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await post(body, { auth: 'anonymous' }), 403, 'AccessDenied');
    const owner = { ...md5, 'x-amz-expected-bucket-owner': '000000000000' };
    expectError(await post(body, { headers: owner }), 403, 'AccessDenied');
    for (const name of ['x-amz-mfa', 'x-amz-bypass-governance-retention', 'x-amz-unheard-of']) {
      expectError(await post(body, { headers: { ...md5, [name]: 'true' } }), 501, 'NotImplemented');
    }
    expectError(await post(body, { query: 'delete&unheard-of=1' }), 501, 'NotImplemented');
  });
});

test('a bucket that is not there', async () => {
  expectError(await post(listOf(['k']), {}, 'no-such-bucket-here'), 404, 'NoSuchBucket');
});
