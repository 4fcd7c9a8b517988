/**
 * @module Versions of an object, read, deleted and copied: what GET, HEAD, DELETE, PUT and Copy say in a bucket with
 * versions, and the rules of the null version.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html and its pages on null versions and delete markers
 */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { contents, expectBareError, expectError, expectStatus } from '../support/expect.ts';
import { etagOf, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { history, putVersion, setVersioning, versionedBucket } from '../support/versions.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await versionedBucket(s3);

function of(method: string, key: string, versionId: string, target = bucket): Promise<S3Response> {
  return s3.object(method, target, key, { query: { versionId } });
}

/** Of a delete: the id, and whether it says that it is a delete marker's. */
function deleted(response: S3Response): [string | undefined, string | undefined] {
  expectStatus(response, 204);
  return [response.headers['x-amz-version-id'], response.headers['x-amz-delete-marker']];
}

test('a bucket that never had versions says nothing of them', async () => {
  const plain = await s3.freshBucket();
  const put = await s3.object('PUT', plain, 'k', { body: 'x' });
  const get = await s3.object('GET', plain, 'k');
  const removed = await s3.object('DELETE', plain, 'k');
  const gone = await s3.object('GET', plain, 'k');
  for (const { headers } of [put, get, removed, gone]) {
    assert.equal(headers['x-amz-version-id'], undefined);
    assert.equal(headers['x-amz-delete-marker'], undefined);
  }
});

test('every write gives an id, by which the bytes stay to be read, small and large', async () => {
  for (const size of [0, 10, 300_000]) {
    const bodies = [randomBytes(size), randomBytes(size + 1)];
    const key = `size-${size}`;
    const ids: string[] = [];
    for (const body of bodies) ids.push(await putVersion(s3, bucket, key, body));
    assert.equal(new Set(ids).size, 2);
    assert.ok(ids.every((id) => /^[0-9A-Za-z._-]{1,1024}$/.test(id) && id !== 'null'));
    for (const [i, id] of ids.entries()) {
      const get = await of('GET', key, id);
      expectStatus(get, 200);
      assert.ok(get.body.equals(bodies[i] as Buffer));
      assert.equal(get.headers['x-amz-version-id'], id);
      const head = await of('HEAD', key, id);
      assert.equal(head.headers['etag'], etagOf(bodies[i] as Buffer));
      assert.equal(head.headers['x-amz-version-id'], id);
    }
    const latest = await s3.object('GET', bucket, key);
    assert.ok(latest.body.equals(bodies[1] as Buffer));
    assert.equal(latest.headers['x-amz-version-id'], ids[1]);
    const part = await s3.object('GET', bucket, key, {
      query: { versionId: ids[1] ?? '' },
      headers: { range: 'bytes=0-0' },
    });
    expectStatus(part, 206);
    assert.equal(part.headers['x-amz-version-id'], ids[1]);
  }
});

test('conditions and overrides of a read hold for the version that is named', async () => {
  const id = await putVersion(s3, bucket, 'conditions', 'old');
  await putVersion(s3, bucket, 'conditions', 'new');
  const get = (headers: Record<string, string>): Promise<S3Response> =>
    s3.object('GET', bucket, 'conditions', {
      query: { versionId: id, 'response-content-type': 'text/x' },
      headers,
    });
  expectStatus(await get({ 'if-none-match': etagOf('old') }), 304);
  expectError(await get({ 'if-match': etagOf('new') }), 412, 'PreconditionFailed');
  const answer = await get({ 'if-match': etagOf('old') });
  assert.deepEqual([answer.text, answer.headers['content-type']], ['old', 'text/x']);
});

test('a delete leaves a marker: the key is gone, its versions are not', async () => {
  const id = await putVersion(s3, bucket, 'marked', 'x');
  const [marker = '', isMarker] = deleted(await s3.object('DELETE', bucket, 'marked'));
  assert.equal(isMarker, 'true');
  assert.notEqual(marker, id);
  const gone = await s3.object('GET', bucket, 'marked');
  expectError(gone, 404, 'NoSuchKey');
  const head = await s3.object('HEAD', bucket, 'marked');
  expectBareError(head, 404);
  for (const { headers } of [gone, head]) {
    assert.deepEqual([headers['x-amz-version-id'], headers['x-amz-delete-marker']], [marker, 'true']);
  }
  assert.equal((await of('GET', 'marked', id)).text, 'x');
  assert.ok(!(await contents(s3, bucket)).some((line) => line.startsWith('marked ')));
  // Again: another marker. Removing both brings the key back.
  const [second = ''] = deleted(await s3.object('DELETE', bucket, 'marked'));
  assert.notEqual(second, marker);
  for (const one of [second, marker]) {
    expectError(await s3.object('GET', bucket, 'marked'), 404, 'NoSuchKey');
    assert.deepEqual(deleted(await of('DELETE', 'marked', one)), [one, 'true']);
  }
  const back = await s3.object('GET', bucket, 'marked');
  assert.deepEqual([back.text, back.headers['x-amz-version-id']], ['x', id]);
});

test('a delete marker that is named can only be deleted', async () => {
  await putVersion(s3, bucket, 'named', 'x');
  const [marker = ''] = deleted(await s3.object('DELETE', bucket, 'named'));
  const get = await of('GET', 'named', marker);
  expectError(get, 405, 'MethodNotAllowed');
  const head = await of('HEAD', 'named', marker);
  expectBareError(head, 405);
  for (const { headers } of [get, head]) {
    assert.equal(headers['x-amz-delete-marker'], 'true');
    assert.equal(headers['x-amz-version-id'], marker);
    assert.equal(headers['allow'], 'DELETE');
    assert.ok(Math.abs(Date.parse(headers['last-modified'] ?? '') - Date.now()) < 600_000);
  }
});

test('deleting what was never there leaves a marker, too', async () => {
  const [marker, isMarker] = deleted(await s3.object('DELETE', bucket, 'never-was'));
  assert.equal(isMarker, 'true');
  assert.ok((await history(s3, bucket)).includes(`never-was ${marker} marker latest`));
});

test('a version that is removed is gone for good, and the one before it surfaces', async () => {
  const own = await versionedBucket(s3);
  const ids: string[] = [];
  for (const body of ['1', '2', '3']) ids.push(await putVersion(s3, own, 'k', body));
  const [first = '', second = '', third = ''] = ids;
  assert.deepEqual(deleted(await of('DELETE', 'k', third, own)), [third, undefined]);
  expectError(await of('GET', 'k', third, own), 404, 'NoSuchVersion');
  expectBareError(await of('HEAD', 'k', third, own), 404);
  const surfaced = await s3.object('GET', own, 'k');
  assert.deepEqual([surfaced.text, surfaced.headers['x-amz-version-id']], ['2', second]);
  assert.deepEqual(await contents(s3, own), [`k ${etagOf('2')} 1`]);
  // Removing it again, or one that was never there, succeeds.
  assert.deepEqual(deleted(await of('DELETE', 'k', third, own)), [third, undefined]);
  deleted(await of('DELETE', 'k', first, own));
  assert.equal((await s3.object('GET', own, 'k')).text, '2');
  expectError(await s3.bucket('DELETE', own), 409, 'BucketNotEmpty');
  deleted(await of('DELETE', 'k', second, own));
  expectError(await s3.object('GET', own, 'k'), 404, 'NoSuchKey');
  assert.deepEqual(await history(s3, own), []);
  expectStatus(await s3.bucket('DELETE', own), 204);
});

test('ids that are none are 400, those of nothing 404', async () => {
  const id = await putVersion(s3, bucket, 'ids', 'x');
  const other = await putVersion(s3, bucket, 'other', 'x');
  for (const bad of [
    '',
    'x',
    'NULL',
    `${id}0`,
    id.toUpperCase(),
    id.slice(1),
    'QUpfdndhfd8438MNFDN93jdnJFkdmqnh',
  ])
    for (const method of ['GET', 'DELETE']) {
      expectError(await of(method, 'ids', bad), 400, 'InvalidArgument');
    }
  for (const absent of ['null', other]) {
    expectError(await of('GET', 'ids', absent), 404, 'NoSuchVersion');
    expectBareError(await of('HEAD', 'ids', absent), 404);
    expectStatus(await of('DELETE', 'ids', absent), 204);
  }
  expectError(await of('GET', 'no-such-key', id), 404, 'NoSuchVersion');
  assert.equal((await s3.object('GET', bucket, 'ids')).text, 'x');
});

test('what was there before versioning is the null version', async () => {
  const own = await s3.freshBucket();
  await s3.put(own, 'k', 'before');
  await setVersioning(s3, own, 'Enabled');
  assert.equal((await s3.object('GET', own, 'k')).headers['x-amz-version-id'], 'null');
  const id = await putVersion(s3, own, 'k', 'after');
  assert.equal((await of('GET', 'k', 'null', own)).text, 'before');
  const [marker = ''] = deleted(await s3.object('DELETE', own, 'k'));
  assert.deepEqual(await history(s3, own), [`k ${marker} marker latest`, `k ${id}`, 'k null']);
  assert.deepEqual(deleted(await of('DELETE', 'k', 'null', own)), ['null', undefined]);
  assert.deepEqual(await history(s3, own), [`k ${marker} marker latest`, `k ${id}`]);
});

test('suspended: writes replace the null version, wherever it stands, and keep all others', async () => {
  const own = await versionedBucket(s3);
  const id = await putVersion(s3, own, 'k', '1');
  await setVersioning(s3, own, 'Suspended');
  assert.equal(await putVersion(s3, own, 'k', '2'), 'null');
  assert.equal(await putVersion(s3, own, 'k', '3'), 'null');
  assert.deepEqual(await history(s3, own), ['k null latest', `k ${id}`]);
  // The null version becomes a delete marker, and that data again.
  assert.deepEqual(deleted(await s3.object('DELETE', own, 'k')), ['null', 'true']);
  assert.deepEqual(await history(s3, own), ['k null marker latest', `k ${id}`]);
  expectError(await of('GET', 'k', 'null', own), 405, 'MethodNotAllowed');
  await putVersion(s3, own, 'k', '4');
  assert.equal((await of('GET', 'k', 'null', own)).text, '4');
  await setVersioning(s3, own, 'Enabled');
  const newer = await putVersion(s3, own, 'k', '5');
  assert.deepEqual(await history(s3, own), [`k ${newer} latest`, 'k null', `k ${id}`]);
  await setVersioning(s3, own, 'Suspended');
  await putVersion(s3, own, 'k', '6');
  assert.deepEqual(await history(s3, own), ['k null latest', `k ${newer}`, `k ${id}`]);
  assert.equal((await s3.object('GET', own, 'k')).text, '6');
});

test('a copy takes the version that is named, and names both', async () => {
  const old = await putVersion(s3, bucket, 'source', 'old');
  const latest = await putVersion(s3, bucket, 'source', 'new');
  const copy = (key: string, source: string, headers: Record<string, string> = {}): Promise<S3Response> =>
    s3.object('PUT', bucket, key, { headers: { 'x-amz-copy-source': source, ...headers } });
  for (const [source, id, body] of [
    [`/${bucket}/source`, latest, 'new'],
    [`/${bucket}/source?versionId=${old}`, old, 'old'],
  ] as const) {
    const answer = await copy('target', source);
    expectStatus(answer, 200);
    assert.equal(answer.headers['x-amz-copy-source-version-id'], id);
    const read = await s3.object('GET', bucket, 'target');
    assert.deepEqual(
      [read.text, read.headers['x-amz-version-id']],
      [body, answer.headers['x-amz-version-id']],
    );
  }
  // Conditions are on the version that is named, and so is the checksum that is computed.
  const summed = await copy('target', `/${bucket}/source?versionId=${old}`, {
    'x-amz-copy-source-if-match': etagOf('old'),
    'x-amz-checksum-algorithm': 'SHA1',
  });
  const sha1 = createHash('sha1').update('old').digest('base64');
  assert.equal(text(summed.text, 'ChecksumSHA1'), sha1);
  const failed = await copy('target', `/${bucket}/source?versionId=${old}`, {
    'x-amz-copy-source-if-match': etagOf('new'),
  });
  expectError(failed, 412, 'PreconditionFailed');
});

test('an old version copied onto its key is the current one again', async () => {
  const old = await putVersion(s3, bucket, 'restored', 'old');
  await putVersion(s3, bucket, 'restored', 'new');
  const self = `/${bucket}/restored`;
  const copy = (source: string): Promise<S3Response> =>
    s3.object('PUT', bucket, 'restored', { headers: { 'x-amz-copy-source': source } });
  expectError(await copy(self), 400, 'InvalidRequest');
  expectStatus(await copy(`${self}?versionId=${old}`), 200);
  assert.equal((await s3.object('GET', bucket, 'restored')).text, 'old');
  await s3.object('DELETE', bucket, 'restored');
  expectStatus(await copy(`${self}?versionId=${old}`), 200);
  assert.equal((await s3.object('GET', bucket, 'restored')).text, 'old');
  expectStatus(await of('DELETE', 'restored', old), 204);
  assert.equal((await s3.object('GET', bucket, 'restored')).text, 'old');
});

test('what cannot be copied: a delete marker, a version that is not there', async () => {
  const id = await putVersion(s3, bucket, 'uncopied', 'x');
  const [marker = ''] = deleted(await s3.object('DELETE', bucket, 'uncopied'));
  const copy = (source: string): Promise<S3Response> =>
    s3.object('PUT', bucket, 'not-made', { headers: { 'x-amz-copy-source': source } });
  const source = `/${bucket}/uncopied`;
  expectError(await copy(source), 404, 'NoSuchKey');
  expectError(await copy(`${source}?versionId=${marker}`), 400, 'InvalidRequest');
  expectError(await copy(`${source}?versionId=null`), 404, 'NoSuchVersion');
  expectError(await copy(`${source}?versionId=${id}0`), 400, 'InvalidArgument');
  expectBareError(await s3.object('HEAD', bucket, 'not-made'), 404);
});

test('conditions of writes see nothing in a delete marker', async () => {
  const put = (headers: Record<string, string>): Promise<S3Response> =>
    s3.object('PUT', bucket, 'written', { body: 'x', headers });
  expectStatus(await put({ 'if-none-match': '*' }), 200);
  expectError(await put({ 'if-none-match': '*' }), 412, 'PreconditionFailed');
  await s3.object('DELETE', bucket, 'written');
  expectError(await put({ 'if-match': '*' }), 404, 'NoSuchKey');
  expectError(await put({ 'if-match': etagOf('x') }), 404, 'NoSuchKey');
  expectStatus(await put({ 'if-none-match': '*' }), 200);
});

test('equal bytes in many versions are one file, which lives as long as the last of them', async () => {
  const body = randomBytes(200_000);
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) ids.push(await putVersion(s3, bucket, 'twins', body));
  for (const id of ids.slice(0, 3)) {
    expectStatus(await of('DELETE', 'twins', id), 204);
    assert.ok((await s3.object('GET', bucket, 'twins')).body.equals(body));
  }
});
