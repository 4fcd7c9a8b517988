/**
 * @module PutObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 *
 * Streamed payloads, checksums and conditions have files of their own.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { formatHead, RawConnection } from '../support/raw-http.ts';
import { etagOf, md5Base64, objectPath, type S3RequestOptions, sha256Hex } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

async function refuses(
  key: string,
  options: S3RequestOptions,
  status: number,
  ...codes: string[]
): Promise<void> {
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await s3.object('PUT', bucket, key, { body: 'refused', ...options }), status, ...codes);
  });
}

test('stores the bytes and answers with their MD5 as quoted lower-case hex', async () => {
  for (const size of [0, 1, 4095, 4096, 65_536, 1_000_003]) {
    const body = randomBytes(size);
    const response = await s3.object('PUT', bucket, `size/${size}`, { body });
    expectStatus(response, 200);
    assert.equal(response.headers['etag'], etagOf(body));
    assert.equal(response.body.length, 0);
    const read = await s3.object('GET', bucket, `size/${size}`);
    assert.ok(read.body.equals(body), `${size} bytes came back changed`);
    assert.equal(read.headers['etag'], etagOf(body));
  }
});

test('a large object survives whole', async () => {
  const body = randomBytes(12 << 20);
  expectStatus(await s3.object('PUT', bucket, 'large', { body, payload: 'UNSIGNED-PAYLOAD' }), 200);
  const read = await s3.object('GET', bucket, 'large');
  assert.equal(sha256Hex(read.body), sha256Hex(body));
});

test('large bodies survive whole when their last bytes arrive while earlier ones are still being written', async () => {
  for (let i = 0; i < 24; i++) {
    const body = Buffer.alloc(4_500_001, `body ${i} `);
    const response = await s3.object('PUT', bucket, 'last-bytes', { body, payload: 'UNSIGNED-PAYLOAD' });
    assert.equal(response.headers['etag'], etagOf(body));
    const read = await s3.object('GET', bucket, 'last-bytes');
    assert.equal(sha256Hex(read.body), sha256Hex(body));
  }
});

test('an overwrite replaces bytes, headers and metadata', async () => {
  await s3.put(bucket, 'again', 'first', {
    'content-type': 'text/plain',
    'x-amz-meta-a': '1',
    'cache-control': 'no-store',
  });
  await s3.put(bucket, 'again', 'second one', { 'x-amz-meta-b': '2' });
  const read = await s3.object('GET', bucket, 'again');
  assert.equal(read.text, 'second one');
  assert.equal(read.headers['x-amz-meta-a'], undefined);
  assert.equal(read.headers['x-amz-meta-b'], '2');
  assert.equal(read.headers['cache-control'], undefined);
  assert.equal(read.headers['content-type'], 'binary/octet-stream');
});

test('keys are opaque: nothing is decoded twice, normalised or trimmed', async () => {
  const keys = [
    'plain',
    'with space',
    ' leading and trailing ',
    'per%cent',
    'per%2Fcent',
    'plus+plus',
    'a//b',
    '//',
    'a/',
    'a/./b',
    'a/../b',
    '../up',
    '..',
    '.',
    'quote"\'<&>',
    'back\\slash',
    'question?mark#hash',
    'semi;colon:at@',
    'ünïcödé',
    'e\u0301 and \u00e9',
    '日本語',
    '😀',
    '\u{10FFFF}\uFFFD\uE000',
    'control\u0001\u001f\u007f',
    'line\nbreak\r',
    'tab\t',
    'x'.repeat(1024),
    'é'.repeat(512),
  ];
  const own = await s3.freshBucket();
  for (const key of keys) await s3.put(own, key, `body of ${key}`);
  for (const key of keys) {
    const read = await s3.object('GET', own, key);
    assert.deepEqual([read.status, read.text], [200, `body of ${key}`], JSON.stringify(key));
  }
});

test('a key that is a prefix of another key’s path is no obstacle', async () => {
  for (const key of ['dir', 'dir/', 'dir/file', 'dir/file/deeper']) await s3.put(bucket, key, key);
  for (const key of ['dir', 'dir/', 'dir/file', 'dir/file/deeper']) {
    assert.equal((await s3.object('GET', bucket, key)).text, key);
  }
});

test('keys above 1,024 bytes are refused, counted in UTF-8', async () => {
  await refuses('x'.repeat(1025), {}, 400, 'KeyTooLongError');
  await refuses(`${'é'.repeat(512)}x`, {}, 400, 'KeyTooLongError');
});

test('targets that are not percent-encoded UTF-8 are refused', async () => {
  for (const raw of ['%FF', '%C0%AF', '%ED%A0%80', '%zz', 'a%']) {
    await leavesUnchanged(s3, bucket, async () => {
      const response = await s3.send('PUT', `/${bucket}/${raw}`, { body: 'refused' });
      expectError(response, 400, 'InvalidURI', 'InvalidArgument');
    });
  }
});

test('standard headers are kept as given', async () => {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'max-age=60, private',
    'content-disposition': 'attachment; filename="a b.txt"',
    'content-encoding': 'gzip',
    'content-language': 'de, en',
    expires: 'Thu, 01 Dec 2033 16:00:00 GMT',
  };
  await s3.put(bucket, 'headers', 'x', headers);
  const read = await s3.object('GET', bucket, 'headers');
  for (const [name, value] of Object.entries(headers)) assert.equal(read.headers[name], value, name);
});

test('the content type is binary/octet-stream when nothing is said', async () => {
  await s3.put(bucket, 'untyped', 'x');
  assert.equal((await s3.object('GET', bucket, 'untyped')).headers['content-type'], 'binary/octet-stream');
});

test('user metadata comes back under lower-case names', async () => {
  await s3.put(bucket, 'meta', 'x', {
    'X-Amz-Meta-Mixed-Case': 'Value',
    'x-amz-meta-empty': '',
    'x-amz-meta-n': '1, 2',
  });
  const read = await s3.object('HEAD', bucket, 'meta');
  assert.equal(read.headers['x-amz-meta-mixed-case'], 'Value');
  assert.equal(read.headers['x-amz-meta-n'], '1, 2');
  assert.ok('x-amz-meta-empty' in read.headers);
});

test('metadata may have 2 KB of names and values, and no byte more', async () => {
  const name = 'fill';
  const atLimit = { [`x-amz-meta-${name}`]: 'v'.repeat(2048 - name.length) };
  expectStatus(await s3.object('PUT', bucket, 'meta-2k', { body: 'x', headers: atLimit }), 200);
  assert.equal((await s3.object('HEAD', bucket, 'meta-2k')).headers['x-amz-meta-fill']?.length, 2044);
  const above = { [`x-amz-meta-${name}`]: 'v'.repeat(2049 - name.length) };
  await refuses('meta-above', { headers: above }, 400, 'MetadataTooLarge');
});

test('tags are counted on reading', async () => {
  await s3.put(bucket, 'tagged', 'x', { 'x-amz-tagging': 'a=1&b=two+words&c=' });
  assert.equal((await s3.object('GET', bucket, 'tagged')).headers['x-amz-tagging-count'], '3');
  await s3.put(bucket, 'tagged', 'x');
  assert.equal((await s3.object('GET', bucket, 'tagged')).headers['x-amz-tagging-count'], undefined);
});

test('tags beyond the limits are refused', async () => {
  const eleven = Array.from({ length: 11 }, (_, i) => `k${i}=v`).join('&');
  const bad = [eleven, 'a=1&a=2', `${'k'.repeat(129)}=v`, `k=${'v'.repeat(257)}`, '=v'];
  for (const tags of bad) {
    await refuses(
      'bad-tags',
      { headers: { 'x-amz-tagging': tags } },
      400,
      'InvalidTag',
      'BadRequest',
      'InvalidArgument',
    );
  }
});

test('storage classes: kept and told, unless it is STANDARD', async () => {
  await s3.put(bucket, 'class', 'x', { 'x-amz-storage-class': 'STANDARD' });
  assert.equal((await s3.object('HEAD', bucket, 'class')).headers['x-amz-storage-class'], undefined);
  await s3.put(bucket, 'class', 'x', { 'x-amz-storage-class': 'STANDARD_IA' });
  assert.equal((await s3.object('HEAD', bucket, 'class')).headers['x-amz-storage-class'], 'STANDARD_IA');
  await refuses('nonsense', { headers: { 'x-amz-storage-class': 'NONSENSE' } }, 400, 'InvalidStorageClass');
});

test('Content-MD5 is verified', async () => {
  expectStatus(
    await s3.object('PUT', bucket, 'md5', { body: 'right', headers: { 'content-md5': md5Base64('right') } }),
    200,
  );
  await refuses('md5', { headers: { 'content-md5': md5Base64('other') } }, 400, 'BadDigest');
  for (const value of ['', 'short', 'AAAA', `${md5Base64('x')}AAAA`, '!'.repeat(24)]) {
    await refuses('md5', { headers: { 'content-md5': value } }, 400, 'InvalidDigest');
  }
});

test('the signed SHA-256 of the body is verified, for small and large bodies', async () => {
  await refuses('sha', { payload: sha256Hex('other') }, 400, 'XAmzContentSHA256Mismatch');
  await refuses(
    'sha',
    { body: randomBytes(3 << 20), payload: sha256Hex('other') },
    400,
    'XAmzContentSHA256Mismatch',
  );
});

test('a bad digest does not replace the object that is there', async () => {
  await s3.put(bucket, 'stays', 'original');
  await refuses('stays', { headers: { 'content-md5': md5Base64('other') } }, 400, 'BadDigest');
  await refuses('stays', { payload: sha256Hex('other') }, 400, 'XAmzContentSHA256Mismatch');
  assert.equal((await s3.object('GET', bucket, 'stays')).text, 'original');
});

test('a bucket that is not there', async () => {
  expectError(await s3.object('PUT', 'no-such-bucket-here', 'k', { body: 'x' }), 404, 'NoSuchBucket');
  expectError(await s3.object('PUT', 'Not_A_Bucket', 'k', { body: 'x' }), 400, 'InvalidBucketName');
});

test('anonymous callers and other expected owners are refused', async () => {
  await refuses('anonymous', { auth: 'anonymous' }, 403, 'AccessDenied');
  await refuses('owner', { headers: { 'x-amz-expected-bucket-owner': '000000000000' } }, 403, 'AccessDenied');
});

test('a body in HTTP chunks, whose length nobody knows, is refused as S3 refuses it', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    const request = s3.prepare('PUT', objectPath(bucket, 'no-length'), { payload: 'UNSIGNED-PAYLOAD' });
    const connection = await RawConnection.open(s3.endpoint);
    await connection.send(
      formatHead('PUT', request.target, [...request.headers, ['transfer-encoding', 'chunked']]),
    );
    await connection.send('3\r\nabc\r\n0\r\n\r\n');
    const response = await connection.read();
    connection.close();
    const xml = response.body.toString();
    assert.deepEqual(
      [response.status, text(xml, 'Code'), text(xml, 'Header')],
      [501, 'NotImplemented', 'Transfer-Encoding'],
    );
  });
});

test('a length above 5 GiB is refused before the body is sent', async () => {
  const request = s3.prepare('PUT', objectPath(bucket, 'too-large'), { payload: 'UNSIGNED-PAYLOAD' });
  const connection = await RawConnection.open(s3.endpoint);
  const length = String(5 * 2 ** 30 + 1);
  await connection.send(
    formatHead('PUT', request.target, [
      ...request.headers,
      ['content-length', length],
      ['expect', '100-continue'],
    ]),
  );
  const response = await connection.read();
  connection.close();
  assert.deepEqual([response.status, text(response.body.toString(), 'Code')], [400, 'EntityTooLarge']);
});

test('what is not supported is refused, not ignored', async () => {
  const headers: Record<string, string>[] = [
    { 'x-amz-server-side-encryption': 'AES256' },
    { 'x-amz-server-side-encryption': 'aws:kms' },
    { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' },
    { 'x-amz-object-lock-mode': 'COMPLIANCE' },
    { 'x-amz-object-lock-legal-hold': 'ON' },
    { 'x-amz-website-redirect-location': '/other' },
    { 'x-amz-grant-full-control': 'id="x"' },
    { 'x-amz-acl': 'public-read' },
    { 'x-amz-unheard-of': '1' },
    { 'x-cistern-unheard-of': '1' },
  ];
  for (const one of headers) await refuses('unsupported', { headers: one }, 501, 'NotImplemented');
  await refuses('unsupported', { query: { 'unheard-of': '1' } }, 501, 'NotImplemented');
});

test('puts of one key at the same time leave one of them, whole', async () => {
  const bodies = Array.from({ length: 16 }, (_, i) => Buffer.alloc(200_000, i + 1));
  const answers = await Promise.all(bodies.map((body) => s3.object('PUT', bucket, 'raced', { body })));
  for (const answer of answers) expectStatus(answer, 200);
  const read = await s3.object('GET', bucket, 'raced');
  assert.ok(
    bodies.some((body) => body.equals(read.body)),
    'the object is a mixture',
  );
  assert.equal(read.headers['etag'], etagOf(read.body));
});
