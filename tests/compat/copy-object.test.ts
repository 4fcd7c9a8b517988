/**
 * @module CopyObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { encodeKey } from '@cistern/protocol';

import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { etagOf, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const source = await s3.freshBucket('source');
const target = await s3.freshBucket('target');
const body = randomBytes(250_000);
const etag = etagOf(body);
await s3.put(source, 'original', body, {
  'content-type': 'text/plain',
  'cache-control': 'no-cache',
  'x-amz-meta-a': '1',
  'x-amz-tagging': 't=1',
});

function copy(
  key: string,
  headers: Record<string, string> = {},
  from = `/${source}/original`,
  bucket = target,
): Promise<S3Response> {
  return s3.object('PUT', bucket, key, { headers: { 'x-amz-copy-source': from, ...headers } });
}

async function refuses(
  headers: Record<string, string>,
  status: number,
  code: string | string[],
  from?: string,
): Promise<void> {
  await leavesUnchanged(s3, target, async () => {
    expectError(await copy('refused', headers, from), status, ...[code].flat());
  });
}

test('copies bytes, headers, metadata and tags, between buckets', async () => {
  const response = await copy('copied');
  expectStatus(response, 200);
  assert.match(response.headers['content-type'] ?? '', /^application\/xml/);
  assert.match(response.text, /<CopyObjectResult/);
  assert.equal(text(response.text, 'ETag'), etag);
  assert.match(text(response.text, 'LastModified') ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const read = await s3.object('GET', target, 'copied');
  assert.ok(read.body.equals(body));
  assert.equal(read.headers['etag'], etag);
  assert.equal(read.headers['content-type'], 'text/plain');
  assert.equal(read.headers['cache-control'], 'no-cache');
  assert.equal(read.headers['x-amz-meta-a'], '1');
  assert.equal(read.headers['x-amz-tagging-count'], '1');
});

test('small and empty objects are copied too', async () => {
  for (const small of ['', 'a', 'b'.repeat(3000)]) {
    await s3.put(source, 'small', small);
    expectStatus(await copy('small', {}, `${source}/small`), 200);
    assert.equal((await s3.object('GET', target, 'small')).text, small);
  }
});

test('a copy outlives its source', async () => {
  const own = randomBytes(200_000);
  await s3.put(source, 'short-lived', own);
  expectStatus(await copy('survivor', {}, `${source}/short-lived`), 200);
  await s3.object('DELETE', source, 'short-lived');
  assert.ok((await s3.object('GET', target, 'survivor')).body.equals(own));
});

test('the source is percent-decoded once, with or without a leading slash', async () => {
  for (const key of ['a b+c', 'per%2Fcent', 'ü/😀', 'a//b/../c', 'question?mark', 'trailing/', 'e&=;#']) {
    await s3.put(source, key, `body of ${key}`);
    for (const slash of ['', '/']) {
      expectStatus(await copy('decoded', {}, `${slash}${source}/${encodeKey(key)}`), 200);
      assert.equal((await s3.object('GET', target, 'decoded')).text, `body of ${key}`);
    }
    const whole = encodeURIComponent(`${source}/${key}`);
    expectStatus(await copy('decoded-whole', {}, whole), 200);
    assert.equal((await s3.object('GET', target, 'decoded-whole')).text, `body of ${key}`);
  }
});

test('versionId=null names the only version of the source', async () => {
  expectStatus(await copy('by-version', {}, `/${source}/original?versionId=null`), 200);
  await refuses({}, 400, ['InvalidArgument'], `/${source}/original?versionId=`);
  const other = await copy(
    'by-version',
    {},
    `/${source}/original?versionId=QUpfdndhfd8438MNFDN93jdnJFkdmqnh`,
  );
  assert.ok(['NoSuchVersion', 'InvalidArgument'].includes(other.errorCode ?? ''), other.text);
});

test('metadata directive REPLACE takes all of the request’s headers and none of the source’s', async () => {
  const headers = { 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-b': '2', 'content-language': 'de' };
  expectStatus(await copy('replaced', headers), 200);
  const read = await s3.object('HEAD', target, 'replaced');
  assert.equal(read.headers['x-amz-meta-a'], undefined);
  assert.equal(read.headers['x-amz-meta-b'], '2');
  assert.equal(read.headers['content-language'], 'de');
  assert.equal(read.headers['cache-control'], undefined);
  assert.equal(read.headers['content-type'], 'binary/octet-stream');
  assert.equal(read.headers['x-amz-tagging-count'], '1');
});

test('without a directive, metadata in the request is not used, as in S3', async () => {
  expectStatus(await copy('kept', { 'x-amz-meta-b': '2', 'x-amz-metadata-directive': 'COPY' }), 200);
  const read = await s3.object('HEAD', target, 'kept');
  assert.equal(read.headers['x-amz-meta-a'], '1');
  assert.equal(read.headers['x-amz-meta-b'], undefined);
});

test('tagging directive REPLACE takes the request’s tags', async () => {
  expectStatus(await copy('tags', { 'x-amz-tagging-directive': 'REPLACE', 'x-amz-tagging': 'a=1&b=2' }), 200);
  assert.equal((await s3.object('HEAD', target, 'tags')).headers['x-amz-tagging-count'], '2');
  expectStatus(await copy('tags', { 'x-amz-tagging-directive': 'REPLACE' }), 200);
  assert.equal((await s3.object('HEAD', target, 'tags')).headers['x-amz-tagging-count'], undefined);
});

test('unknown directives are refused', async () => {
  await refuses({ 'x-amz-metadata-directive': 'MERGE' }, 400, 'InvalidArgument');
  await refuses({ 'x-amz-tagging-directive': 'MERGE' }, 400, 'InvalidArgument');
});

test('onto itself: only with something to change', async () => {
  await s3.put(target, 'self', body, { 'x-amz-meta-a': '1' });
  const self = `/${target}/self`;
  await leavesUnchanged(s3, target, async () => {
    expectError(await copy('self', {}, self), 400, 'InvalidRequest');
    expectError(await copy('self', { 'x-amz-metadata-directive': 'COPY' }, self), 400, 'InvalidRequest');
  });
  const headers = { 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-a': '2' };
  expectStatus(await copy('self', headers, self), 200);
  const read = await s3.object('GET', target, 'self');
  assert.equal(read.headers['x-amz-meta-a'], '2');
  assert.ok(read.body.equals(body));
});

test('conditions on the source', async () => {
  const lastModified = (await s3.object('HEAD', source, 'original')).headers['last-modified'] ?? '';
  const earlier = new Date(Date.parse(lastModified) - 1000).toUTCString();
  const condition = (name: string, value: string) => ({ [`x-amz-copy-source-if-${name}`]: value });
  const good = [
    condition('match', etag),
    condition('none-match', '"other"'),
    condition('unmodified-since', lastModified),
    condition('modified-since', earlier),
    { ...condition('match', etag), ...condition('unmodified-since', earlier) },
  ];
  for (const headers of good) expectStatus(await copy('conditional', headers), 200);
  const bad = [
    condition('match', '"other"'),
    condition('none-match', etag),
    condition('unmodified-since', earlier),
    condition('modified-since', lastModified),
    { ...condition('none-match', etag), ...condition('modified-since', earlier) },
  ];
  for (const headers of bad) await refuses(headers, 412, 'PreconditionFailed');
});

test('conditions on the target', async () => {
  await s3.put(target, 'guarded', 'old');
  await leavesUnchanged(s3, target, async () => {
    expectError(await copy('guarded', { 'if-none-match': '*' }), 412, 'PreconditionFailed');
    expectError(await copy('guarded', { 'if-match': etag }), 412, 'PreconditionFailed');
  });
  expectStatus(await copy('guarded', { 'if-match': etagOf('old') }), 200);
  expectStatus(await copy('new-one', { 'if-none-match': '*' }), 200);
});

test('a checksum can be asked for, and is stored', async () => {
  const response = await copy('summed', { 'x-amz-checksum-algorithm': 'SHA256' });
  if (response.status === 501) {
    expectError(response, 501, 'NotImplemented');
    return;
  }
  expectStatus(response, 200);
  const read = await s3.object('HEAD', target, 'summed', { headers: { 'x-amz-checksum-mode': 'ENABLED' } });
  assert.equal(read.headers['x-amz-checksum-sha256'], text(response.text, 'ChecksumSHA256'));
});

test('sources that are not there', async () => {
  await refuses({}, 404, 'NoSuchKey', `/${source}/missing`);
  await refuses({}, 404, 'NoSuchBucket', '/no-such-bucket-here/key');
  expectError(await copy('k', {}, undefined, 'no-such-bucket-here'), 404, 'NoSuchBucket');
});

test('sources that make no sense are refused', async () => {
  for (const from of ['', '/', source, `/${source}`, `/${source}/`, `${source}/%FF`, `${source}/%zz`]) {
    await refuses({}, 400, ['InvalidArgument', 'InvalidRequest', 'InvalidURI'], from);
  }
  const tooLong = await copy('refused', {}, `/${source}/${'x'.repeat(1025)}`);
  assert.ok(['KeyTooLongError', 'NoSuchKey'].includes(tooLong.errorCode ?? ''), tooLong.text);
});

test('metadata above 2 KB is refused', async () => {
  const headers = { 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-a': 'v'.repeat(2048) };
  await refuses(headers, 400, 'MetadataTooLarge');
});

test('callers who may not are refused', async () => {
  await leavesUnchanged(s3, target, async () => {
    const headers = { 'x-amz-copy-source': `/${source}/original` };
    expectError(await s3.object('PUT', target, 'k', { headers, auth: 'anonymous' }), 403, 'AccessDenied');
  });
  await refuses({ 'x-amz-expected-bucket-owner': '000000000000' }, 403, 'AccessDenied');
  await refuses({ 'x-amz-source-expected-bucket-owner': '000000000000' }, 403, 'AccessDenied');
});

test('what is not supported is refused, not ignored', async () => {
  const headers: Record<string, string>[] = [
    { 'x-amz-server-side-encryption': 'AES256' },
    { 'x-amz-copy-source-server-side-encryption-customer-algorithm': 'AES256' },
    { 'x-amz-copy-source-range': 'bytes=0-1' },
    { 'x-amz-object-lock-mode': 'GOVERNANCE' },
    { 'x-amz-website-redirect-location': '/x' },
    { 'x-amz-grant-read': 'id="x"' },
    { 'x-amz-unheard-of': '1' },
  ];
  for (const one of headers) await refuses(one, 501, 'NotImplemented');
});

test('a copy that races with overwrites of its source is one of its states, whole', async () => {
  const states = Array.from({ length: 6 }, (_, i) => Buffer.alloc(100_000, i + 1));
  await s3.put(source, 'moving', states[0] as Buffer);
  const writes = (async () => {
    for (const state of states) await s3.put(source, 'moving', state);
  })();
  for (let i = 0; i < 10; i++) {
    expectStatus(await copy('of-moving', {}, `${source}/moving`), 200);
    const read = await s3.object('GET', target, 'of-moving');
    assert.ok(states.some((state) => state.equals(read.body)));
    assert.equal(read.headers['etag'], etagOf(read.body));
  }
  await writes;
});
