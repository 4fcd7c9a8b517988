/**
 * @module ListObjectVersions: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { decodeListed, listedPrefixes } from '../support/listing.ts';
import { etagOf } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import {
  history,
  listedVersions,
  listVersions,
  nextMarkers,
  putVersion,
  setVersioning,
  versionedBucket,
} from '../support/versions.ts';
import { elements, text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await versionedBucket(s3);

/** Keys with their versions as they are listed. */
const EXPECTED: string[] = [];
for (const key of ['a', 'b/1', 'b/2', 'c d+e%', 'gone/1', 'z']) {
  const ids = [await putVersion(s3, bucket, key, 'one'), await putVersion(s3, bucket, key, 'two')];
  if (key === 'gone/1') {
    const deleted = await s3.object('DELETE', bucket, key);
    ids.push(deleted.headers['x-amz-version-id'] ?? '');
  }
  const entries = ids.reverse().map((id, i) => `${key} ${id}${i === 0 ? ' latest' : ''}`);
  EXPECTED.push(...entries);
}
const WHOLE = EXPECTED.map((entry) =>
  /^gone.*latest$/.test(entry) ? entry.replace(' latest', ' marker latest') : entry,
);

test('lists every version and delete marker, the newest of a key first', async () => {
  const response = await listVersions(s3, bucket);
  expectStatus(response, 200);
  assert.match(response.headers['content-type'] ?? '', /^application\/xml/);
  assert.match(response.text, /<ListVersionsResult xmlns="http:\/\/s3\.amazonaws\.com\/doc\/2006-03-01\/">/);
  assert.deepEqual(listedVersions(response), WHOLE);
  assert.equal(text(response.text, 'Name'), bucket);
  assert.equal(text(response.text, 'KeyMarker'), '');
  assert.equal(text(response.text, 'VersionIdMarker'), '');
  assert.equal(text(response.text, 'MaxKeys'), '1000');
  assert.equal(text(response.text, 'IsTruncated'), 'false');
  const [newest = ''] = elements(response.text, 'Version');
  assert.equal(text(newest, 'ETag'), etagOf('two'));
  assert.equal(text(newest, 'Size'), '3');
  assert.equal(text(newest, 'StorageClass'), 'STANDARD');
  assert.ok(Math.abs(Date.parse(text(newest, 'LastModified') ?? '') - Date.now()) < 600_000);
  assert.ok(text(newest, 'Owner'));
  const [marker = ''] = elements(response.text, 'DeleteMarker');
  assert.ok(text(marker, 'Owner') && text(marker, 'LastModified'));
  for (const name of ['ETag', 'Size', 'StorageClass']) assert.equal(text(marker, name), undefined);
});

test('a bucket that never had versions lists its objects as null versions', async () => {
  const plain = await s3.freshBucket();
  await s3.put(plain, 'a', 'x');
  await s3.put(plain, 'a', 'y');
  assert.deepEqual(await history(s3, plain), ['a null latest']);
  await setVersioning(s3, plain, 'Enabled');
  assert.deepEqual(await history(s3, plain), ['a null latest']);
});

test('prefix and delimiter; what is common to nothing but markers and old versions counts, too', async () => {
  const response = await listVersions(s3, bucket, { delimiter: '/' });
  assert.deepEqual(listedPrefixes(response), ['b/', 'gone/']);
  assert.deepEqual(
    listedVersions(response),
    WHOLE.filter((entry) => !entry.includes('/')),
  );
  const below = await listVersions(s3, bucket, { delimiter: '/', prefix: 'b/' });
  assert.deepEqual(
    listedVersions(below),
    WHOLE.filter((entry) => entry.startsWith('b/')),
  );
  assert.deepEqual(listedPrefixes(below), []);
});

test('pages of every size join to the whole, with and without groups', async () => {
  const grouped = [...WHOLE.filter((entry) => !entry.includes('/')), 'b/', 'gone/'].sort();
  for (const [delimiter, expected] of [
    ['', WHOLE],
    ['/', grouped],
  ] as const) {
    for (const size of [1, 2, 3, 5]) {
      const seen: string[] = [];
      let markers: Record<string, string> = {};
      for (let pages = 0; pages <= WHOLE.length; pages++) {
        const query = { ...markers, 'max-keys': String(size), ...(delimiter !== '' && { delimiter }) };
        const response = await listVersions(s3, bucket, query);
        expectStatus(response, 200);
        assert.equal(text(response.text, 'KeyMarker'), markers['key-marker'] ?? '');
        assert.equal(text(response.text, 'VersionIdMarker'), markers['version-id-marker'] ?? '');
        const entries = [...listedVersions(response), ...listedPrefixes(response)];
        assert.ok(entries.length <= size);
        seen.push(...entries);
        if (text(response.text, 'IsTruncated') === 'false') break;
        assert.equal(entries.length, size);
        markers = nextMarkers(response);
      }
      assert.deepEqual(delimiter === '' ? seen : seen.sort(), expected);
    }
  }
});

test('a key marker alone goes on after all of its versions', async () => {
  const response = await listVersions(s3, bucket, { 'key-marker': 'b/1' });
  assert.deepEqual(
    listedVersions(response),
    WHOLE.slice(WHOLE.findIndex((entry) => entry.startsWith('b/2'))),
  );
});

test('a page whose last version is gone by then goes on where it was, also a null one', async () => {
  const own = await s3.freshBucket();
  await s3.put(own, 'k', 'null');
  await setVersioning(s3, own, 'Enabled');
  const oldest = 'k null';
  const middle = `k ${await putVersion(s3, own, 'k', '1')}`;
  await putVersion(s3, own, 'k', '2');
  await putVersion(s3, own, 'l', '1');
  const first = await listVersions(s3, own, { 'max-keys': '2' });
  assert.equal(listedVersions(first)[1], middle);
  await s3.object('DELETE', own, 'k', { query: { versionId: middle.slice(2) } });
  const second = await listVersions(s3, own, { 'max-keys': '1', ...nextMarkers(first) });
  assert.deepEqual(listedVersions(second), [oldest]);
  await s3.object('DELETE', own, 'k', { query: { versionId: 'null' } });
  const third = await listVersions(s3, own, nextMarkers(second));
  assert.equal(listedVersions(third).length, 1);
  assert.match(listedVersions(third)[0] ?? '', /^l .* latest$/);
});

test('encoding-type=url encodes keys, prefixes and markers, and no version ids', async () => {
  const response = await listVersions(s3, bucket, {
    'encoding-type': 'url',
    'key-marker': 'c ',
    'max-keys': '1',
  });
  assert.equal(text(response.text, 'EncodingType'), 'url');
  const [entry = ''] = elements(response.text, 'Version');
  assert.equal(decodeListed(text(entry, 'Key') ?? ''), 'c d+e%');
  assert.equal(decodeListed(text(response.text, 'NextKeyMarker') ?? ''), 'c d+e%');
  assert.equal(decodeListed(text(response.text, 'KeyMarker') ?? ''), 'c ');
});

test('max-keys: 0 lists nothing', async () => {
  const none = await listVersions(s3, bucket, { 'max-keys': '0' });
  assert.deepEqual([listedVersions(none), text(none.text, 'IsTruncated')], [[], 'false']);
});

test('parameters that make no sense are refused', async () => {
  const [, id = ''] = (WHOLE[0] ?? '').split(' ');
  const queries: Record<string, string>[] = [
    { 'version-id-marker': id },
    { 'key-marker': 'a', 'version-id-marker': '' },
    { 'key-marker': 'a', 'version-id-marker': 'x' },
    { 'max-keys': '-1' },
    { 'encoding-type': 'base64' },
  ];
  for (const query of queries) expectError(await listVersions(s3, bucket, query), 400, 'InvalidArgument');
  expectError(await listVersions(s3, bucket, { 'unheard-of': '1' }), 501, 'NotImplemented');
});

test('callers who may not, and buckets that are not there', async () => {
  const anonymous = await s3.bucket('GET', bucket, { query: 'versions', auth: 'anonymous' });
  expectError(anonymous, 403, 'AccessDenied');
  expectError(await s3.bucket('GET', 'no-such-bucket-here', { query: 'versions' }), 404, 'NoSuchBucket');
});
