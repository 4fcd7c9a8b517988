/**
 * @module UploadPartCopy: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CHECKSUM_ALGORITHMS, checksumOf, encodeKey, loadChecksums } from '@cistern/protocol';

import { expectError, expectStatus } from '../support/expect.ts';
import { MultipartUpload, partBytes, PART_BYTES } from '../support/multipart.ts';
import { etagOf } from '../support/s3.ts';
import { dataFiles, needsOwnServer, startTestServer } from '../support/server.ts';
import { text, texts } from '../support/xml.ts';

const { s3, dataDir } = await startTestServer();
const source = await s3.freshBucket('source');
const bucket = await s3.freshBucket('target');
await loadChecksums();

const large = partBytes(PART_BYTES + 300_000);
await s3.put(source, 'large', large);
await s3.put(source, 'small', 'small bytes');
const from = `${source}/large`;

test('whole objects and ranges become parts, between buckets', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'joined');
  const ranges: readonly (readonly [number, number])[] = [
    [0, PART_BYTES - 1],
    [1, PART_BYTES],
    [299_999, PART_BYTES + 299_999],
  ];
  const parts = [];
  for (const [index, [first, last]] of ranges.entries()) {
    const response = await upload.copy(index + 1, from, {
      'x-amz-copy-source-range': `bytes=${first}-${last}`,
    });
    expectStatus(response, 200);
    assert.match(text(response.text, 'LastModified') ?? '', /^\d{4}-\d\d-\d\dT/);
    const etag = text(response.text, 'ETag') ?? '';
    assert.match(etag, /^"[0-9a-f]{32}"$/);
    parts.push({ number: index + 1, etag });
  }
  const whole = await upload.copy(4, `/${source}/small`);
  expectStatus(whole, 200);
  assert.equal(text(whole.text, 'ETag'), etagOf('small bytes'), 'the whole of an object has its ETag');
  parts.push({ number: 4, etag: text(whole.text, 'ETag') ?? '' });
  assert.deepEqual(texts((await upload.list()).text, 'Size'), [
    ...ranges.map(([first, last]) => String(last - first + 1)),
    '11',
  ]);
  expectStatus(await upload.complete(parts), 200);
  const expected = [
    ...ranges.map(([first, last]) => large.subarray(first, last + 1)),
    Buffer.from('small bytes'),
  ];
  assert.ok((await s3.object('GET', bucket, 'joined')).body.equals(Buffer.concat(expected)));
});

test('a range of a multipart object reaches over its parts', async () => {
  const made = await MultipartUpload.begin(s3, bucket, 'of-parts');
  const bodies = [partBytes(), Buffer.from('tail of it')];
  const parts = await Promise.all(bodies.map((body, index) => made.part(index + 1, body)));
  expectStatus(await made.complete(parts), 200);
  const upload = await MultipartUpload.begin(s3, bucket, 'copy-of-parts');
  const range = `bytes=${PART_BYTES - 5}-${PART_BYTES + 3}`;
  const response = await upload.copy(1, `${bucket}/of-parts`, { 'x-amz-copy-source-range': range });
  expectStatus(response, 200);
  const whole = await upload.copy(2, `${bucket}/of-parts`);
  expectStatus(whole, 200);
  assert.match(text(whole.text, 'ETag') ?? '', /^"[0-9a-f]{32}"$/, 'a part has no parts');
  expectStatus(await upload.complete([{ number: 1, etag: text(response.text, 'ETag') ?? '' }]), 200);
  const joined = Buffer.concat(bodies).subarray(PART_BYTES - 5, PART_BYTES + 4);
  assert.ok((await s3.object('GET', bucket, 'copy-of-parts')).body.equals(joined));
});

test('no bytes are copied: nothing more is on disk', { skip: needsOwnServer }, async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'free');
  const blobs = async (): Promise<string[]> =>
    (await dataFiles(dataDir)).filter((path) => path.startsWith('blobs/'));
  const before = await blobs();
  expectStatus(await upload.copy(1, from, { 'x-amz-copy-source-range': 'bytes=7-100006' }), 200);
  assert.deepEqual(await blobs(), before);
  await upload.abort();
});

test('conditions on the source', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'conditions');
  const etag = etagOf(large);
  const past = 'Sat, 01 Jan 2000 00:00:00 GMT';
  const cases: readonly [string, string, number][] = [
    ['if-match', etag, 200],
    ['if-match', '"other"', 412],
    ['if-none-match', etag, 412],
    ['if-none-match', '"other"', 200],
    ['if-modified-since', past, 200],
    ['if-unmodified-since', past, 412],
  ];
  for (const [name, value, status] of cases) {
    const response = await upload.copy(1, from, { [`x-amz-copy-source-${name}`]: value });
    if (status === 200) expectStatus(response, 200);
    else expectError(response, 412, 'PreconditionFailed');
  }
});

test('a version of the source, a delete marker, and what is not there', async () => {
  const versioned = await s3.freshBucket('versioned');
  const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
  expectStatus(await s3.bucket('PUT', versioned, { query: 'versioning', body }), 200);
  const first = await s3.object('PUT', versioned, 'k', { body: 'first' });
  await s3.put(versioned, 'k', 'second');
  const id = first.headers['x-amz-version-id'] ?? '';
  const upload = await MultipartUpload.begin(s3, bucket, 'of-version');
  const response = await upload.copy(1, `${versioned}/k?versionId=${id}`);
  expectStatus(response, 200);
  assert.equal(response.headers['x-amz-copy-source-version-id'], id);
  expectStatus(await upload.complete([{ number: 1, etag: text(response.text, 'ETag') ?? '' }]), 200);
  assert.equal((await s3.object('GET', bucket, 'of-version')).text, 'first');
  const other = await MultipartUpload.begin(s3, bucket, 'of-none');
  const gone = await s3.object('DELETE', versioned, 'k');
  const marker = gone.headers['x-amz-version-id'] ?? '';
  expectError(await other.copy(1, `${versioned}/k`), 404, 'NoSuchKey');
  expectError(await other.copy(1, `${versioned}/k?versionId=${marker}`), 400, 'InvalidRequest');
  expectError(await other.copy(1, `${versioned}/k?versionId=v00000000zzz`), 404, 'NoSuchVersion');
  expectError(await other.copy(1, `${source}/missing`), 404, 'NoSuchKey');
  expectError(await other.copy(1, 'no-such-bucket-here/k'), 404, 'NoSuchBucket');
  expectError(await other.copy(1, 'nonsense'), 400, 'InvalidArgument');
});

test('ranges that are none, or beyond the end', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'ranges');
  const small = `${source}/small`;
  for (const range of ['0-2', 'bytes=0', 'bytes=3-2', 'bytes=-5', 'bytes=5-', 'bytes=0-2,3-5', 'bytes=a-b'])
    expectError(await upload.copy(1, small, { 'x-amz-copy-source-range': range }), 400, 'InvalidArgument');
  for (const [range, code] of [
    ['bytes=0-11', 'InvalidArgument'],
    ['bytes=11-11', 'InvalidRequest'],
    ['bytes=100-200', 'InvalidRequest'],
  ] as const)
    expectError(await upload.copy(1, small, { 'x-amz-copy-source-range': range }), 400, code);
  assert.deepEqual(texts((await upload.list()).text, 'PartNumber'), []);
});

test("an upload's checksum is that of the bytes that were copied", async () => {
  const range = large.subarray(100, 200_100);
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const upload = await MultipartUpload.begin(s3, bucket, algorithm, {
      'x-amz-checksum-algorithm': algorithm,
    });
    const part = await upload.copy(1, from, { 'x-amz-copy-source-range': 'bytes=100-200099' });
    expectStatus(part, 200);
    assert.equal(text(part.text, `Checksum${algorithm}`), checksumOf(algorithm, range).toString('base64'));
    const header = `x-amz-checksum-${algorithm.toLowerCase()}`;
    const value = checksumOf(algorithm, Buffer.from('x')).toString('base64');
    await s3.put(source, `with-${algorithm}`, 'x', { [header]: value });
    const known = await upload.copy(2, `${source}/with-${algorithm}`);
    assert.equal(text(known.text, `Checksum${algorithm}`), value);
  }
});

test('a source in very many pieces is stored anew, in one', async () => {
  await s3.put(source, 'pieces', '');
  const content = 'abcdefghij'.repeat(11);
  for (const [offset, body] of [...content].entries()) {
    const headers = { 'x-amz-write-offset-bytes': String(offset) };
    expectStatus(await s3.object('PUT', source, 'pieces', { body, headers }), 200);
  }
  const upload = await MultipartUpload.begin(s3, bucket, 'of-pieces', { 'x-amz-checksum-algorithm': 'SHA1' });
  for (const [number, range, bytes] of [
    [1, 'bytes=1-105', content.slice(1, 106)],
    [2, 'bytes=1-100', content.slice(1, 101)],
  ] as const) {
    const response = await upload.copy(number, `${source}/pieces`, { 'x-amz-copy-source-range': range });
    expectStatus(response, 200);
    // Only of bytes that are read it is their MD5.
    assert.equal(text(response.text, 'ETag') === etagOf(bytes), number === 1);
    assert.equal(
      text(response.text, 'ChecksumSHA1'),
      checksumOf('SHA1', Buffer.from(bytes)).toString('base64'),
    );
    const made = await MultipartUpload.begin(s3, bucket, `of-pieces-${number}`);
    const copied = await made.copy(1, `${source}/pieces`, { 'x-amz-copy-source-range': range });
    expectStatus(await made.complete([{ number: 1, etag: text(copied.text, 'ETag') ?? '' }]), 200);
    assert.equal((await s3.object('GET', bucket, made.key)).text, bytes);
  }
});

test('the upload and its number are judged as for UploadPart', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'judged');
  expectError(await upload.copy(0, from), 400, 'InvalidArgument');
  const headers = { 'x-amz-copy-source': from };
  const query = { partNumber: '1', uploadId: 'x' };
  expectError(await s3.object('PUT', bucket, 'judged', { query, headers }), 404, 'NoSuchUpload');
  const both = { ...query, partNumber: '0' };
  expectError(await s3.object('PUT', bucket, 'judged', { query: both, headers }), 400, 'InvalidArgument');
  await s3.put(source, 'a +%/ü', 'odd');
  expectStatus(await upload.copy(1, `${source}/${encodeKey('a +%/ü')}`), 200);
});
