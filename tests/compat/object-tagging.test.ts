/**
 * @module GetObjectTagging, PutObjectTagging and DeleteObjectTagging, and the tags that writes and copies bring.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html, API_GetObjectTagging.html,
 * API_DeleteObjectTagging.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { md5Base64, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { someTags, tagsIn, taggingDocument, type Tags } from '../support/tags.ts';
import { history, putVersion, setVersioning, versionedBucket } from '../support/versions.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

interface Where {
  readonly target?: string;
  readonly versionId?: string;
}

function ask(method: string, key: string, where: Where, body?: string): Promise<S3Response> {
  const query = { tagging: '', ...(where.versionId !== undefined && { versionId: where.versionId }) };
  return s3.object(method, where.target ?? bucket, key, { query, ...(body !== undefined && { body }) });
}

const get = (key: string, where: Where = {}): Promise<S3Response> => ask('GET', key, where);
const put = (key: string, tags: Tags, where: Where = {}): Promise<S3Response> =>
  ask('PUT', key, where, taggingDocument(tags));

test('tags are set, replaced as a whole, and deleted; the object stays as it is', async () => {
  await s3.put(bucket, 'k', 'value', { 'x-amz-meta-a': '1' });
  const before = (await s3.object('HEAD', bucket, 'k')).headers;
  assert.deepEqual(tagsIn(await get('k')), []);
  for (const tags of [someTags(10), [['ü+=._:/@- key', '']], [['a', '<&>']]] as Tags[]) {
    if (tags[0]?.[1] === '<&>') {
      expectError(await put('k', tags), 400, 'InvalidTag');
      continue;
    }
    expectStatus(await put('k', tags), 200);
    const read = await get('k');
    expectStatus(read, 200);
    assert.match(read.headers['content-type'] ?? '', /^application\/xml/);
    assert.deepEqual(tagsIn(read), tags);
    const head = (await s3.object('HEAD', bucket, 'k')).headers;
    assert.equal(head['x-amz-tagging-count'], String(tags.length));
    for (const name of ['etag', 'last-modified', 'x-amz-meta-a', 'content-length'])
      assert.equal(head[name], before[name]);
  }
  for (let again = 0; again < 2; again++) expectStatus(await ask('DELETE', 'k', {}), 204);
  assert.deepEqual(tagsIn(await get('k')), []);
  const after = await s3.object('GET', bucket, 'k');
  assert.deepEqual([after.text, after.headers['x-amz-tagging-count']], ['value', undefined]);
});

test('an empty set, or none, is no tags', async () => {
  for (const body of [taggingDocument([]), '<Tagging/>']) {
    await s3.put(bucket, 'emptied', 'x', { 'x-amz-tagging': 'a=1' });
    expectStatus(await ask('PUT', 'emptied', {}, body), 200);
    assert.deepEqual(tagsIn(await get('emptied')), []);
  }
});

test('tags of a write are read, and gone with the next one; those of a copy follow its directive', async () => {
  await s3.put(bucket, 'written', 'x', { 'x-amz-tagging': 'a=1&b=two+words&&c' });
  const tags = [
    ['a', '1'],
    ['b', 'two words'],
    ['c', ''],
  ];
  assert.deepEqual(tagsIn(await get('written')), tags);
  const copy = async (headers: Record<string, string>): Promise<[string, string][]> => {
    const source = { 'x-amz-copy-source': `/${bucket}/written` };
    expectStatus(await s3.object('PUT', bucket, 'copied', { headers: { ...source, ...headers } }), 200);
    return tagsIn(await get('copied'));
  };
  assert.deepEqual(await copy({}), tags);
  assert.deepEqual(await copy({ 'x-amz-tagging-directive': 'REPLACE', 'x-amz-tagging': 'z=9' }), [
    ['z', '9'],
  ]);
  assert.deepEqual(await copy({ 'x-amz-tagging-directive': 'REPLACE' }), []);
  await s3.put(bucket, 'written', 'x');
  assert.deepEqual(tagsIn(await get('written')), []);
});

test('each version has its own tags, and changing them makes no version', async () => {
  const own = await s3.freshBucket();
  await s3.put(own, 'k', '0');
  await setVersioning(s3, own, 'Enabled');
  const first = await putVersion(s3, own, 'k', '1');
  const second = await putVersion(s3, own, 'k', '2');
  const before = await history(s3, own);
  for (const versionId of ['null', first, second]) {
    const answer = await put('k', [['id', versionId]], { target: own, versionId });
    expectStatus(answer, 200);
    assert.equal(answer.headers['x-amz-version-id'], versionId);
  }
  for (const versionId of ['null', first, second]) {
    const read = await get('k', { target: own, versionId });
    assert.deepEqual(tagsIn(read), [['id', versionId]]);
    assert.equal(read.headers['x-amz-version-id'], versionId);
  }
  const latest = await put('k', someTags(2), { target: own });
  assert.equal(latest.headers['x-amz-version-id'], second);
  assert.deepEqual(tagsIn(await get('k', { target: own, versionId: second })), someTags(2));
  const removed = await ask('DELETE', 'k', { target: own, versionId: first });
  expectStatus(removed, 204);
  assert.equal(removed.headers['x-amz-version-id'], first);
  assert.deepEqual(tagsIn(await get('k', { target: own, versionId: first })), []);
  assert.deepEqual(tagsIn(await get('k', { target: own, versionId: 'null' })), [['id', 'null']]);
  assert.deepEqual(await history(s3, own), before);
});

test('a delete marker has no tags', async () => {
  const own = await versionedBucket(s3);
  const id = await putVersion(s3, own, 'k', 'x');
  const marker = (await s3.object('DELETE', own, 'k')).headers['x-amz-version-id'] ?? '';
  const named = { target: own, versionId: marker };
  for (const answer of [
    await get('k', named),
    await put('k', someTags(1), named),
    await ask('DELETE', 'k', named),
    await get('k', { target: own }),
    await put('k', someTags(1), { target: own }),
    await ask('DELETE', 'k', { target: own }),
  ]) {
    expectError(answer, 405, 'MethodNotAllowed');
    assert.equal(answer.headers['x-amz-delete-marker'], 'true');
  }
  assert.deepEqual(tagsIn(await get('k', { target: own, versionId: id })), []);
});

test('tags that are not good change nothing', async () => {
  await s3.put(bucket, 'kept', 'x', { 'x-amz-tagging': 'kept=1' });
  const bad: [Tags, string][] = [
    [someTags(11), 'BadRequest'],
    [[['', 'x']], 'InvalidTag'],
    [[['k'.repeat(129), 'x']], 'InvalidTag'],
    [[['k', 'v'.repeat(257)]], 'InvalidTag'],
    [[['aws:k', 'x']], 'InvalidTag'],
    [[['k', 'a?b']], 'InvalidTag'],
    [
      [
        ['k', '1'],
        ['k', '2'],
      ],
      'InvalidTag',
    ],
  ];
  for (const [tags, code] of bad) expectError(await put('kept', tags), 400, code);
  for (const body of ['x', '<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>'])
    expectError(await ask('PUT', 'kept', {}, body), 400, 'MalformedXML');
  const headers = { 'content-md5': md5Base64('other') };
  const damaged = { query: 'tagging', body: taggingDocument(someTags(1)), headers };
  expectError(await s3.object('PUT', bucket, 'kept', damaged), 400, 'BadDigest');
  assert.deepEqual(tagsIn(await get('kept')), [['kept', '1']]);
  const longest = [['k'.repeat(128), 'v'.repeat(256)]] as const;
  expectStatus(await put('kept', longest), 200);
  assert.deepEqual(tagsIn(await get('kept')), longest);
});

test('what is not there, and callers who may not', async () => {
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const body = method === 'PUT' ? taggingDocument(someTags(1)) : undefined;
    expectError(await ask(method, 'absent', {}, body), 404, 'NoSuchKey');
    expectError(await ask(method, 'absent', { versionId: 'null' }, body), 404, 'NoSuchVersion');
    expectError(await ask(method, 'absent', { versionId: 'x' }, body), 400, 'InvalidArgument');
    expectError(await ask(method, 'k', { target: 'no-such-bucket-here' }, body), 404, 'NoSuchBucket');
    const options = { query: 'tagging', auth: 'anonymous', ...(body !== undefined && { body }) } as const;
    expectError(await s3.object(method, bucket, 'k', options), 403, 'AccessDenied');
  }
});
