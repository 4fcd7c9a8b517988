/**
 * @module Security: `__proto__`, `constructor` and other names that every JavaScript object has, as a header, as
 * metadata, as a parameter, a tag, an element, a bucket, a user. Each is a name like any other, or refused like one.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startServer } from 'cistern';

import { parseUsers } from '../../packages/cistern/src/serve/users.ts';
import { expectError, expectStatus } from '../support/expect.ts';
import { md5Base64, S3, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { text, texts } from '../support/xml.ts';

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'toJSON',
  'then',
  'length',
];

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
await s3.put(bucket, 'key', 'value');

/** What none of the requests may have left behind in the server, which is in this process. */
function unpolluted(): void {
  assert.deepEqual(Object.keys(Object.prototype), []);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
}

test('as metadata: kept, and nothing else changes', async () => {
  for (const name of NAMES) {
    const header = `x-amz-meta-${name.toLowerCase()}`;
    await s3.put(bucket, 'meta', 'x', { [header]: 'polluted', 'x-amz-meta-after': 'b' });
    const { headers } = await s3.object('HEAD', bucket, 'meta');
    assert.deepEqual([headers[header], headers['x-amz-meta-after']], ['polluted', 'b']);
    const source = { 'x-amz-copy-source': `/${bucket}/meta` };
    expectStatus(await s3.object('PUT', bucket, 'copied', { headers: source }), 200);
    assert.equal((await s3.object('HEAD', bucket, 'copied')).headers[header], 'polluted');
  }
  unpolluted();
});

test('as a header: passed over, or refused', async () => {
  for (const name of NAMES) {
    expectStatus(await s3.object('GET', bucket, 'key', { unsignedHeaders: [[name, 'polluted']] }), 200);
    const answer = await s3.object('GET', bucket, 'key', {
      headers: { [`x-amz-${name}`.toLowerCase()]: '1' },
    });
    expectError(answer, 501, 'NotImplemented');
  }
  unpolluted();
});

test('as a parameter: refused by name', async () => {
  for (const name of [...NAMES, '__proto__[polluted]', 'constructor.prototype.polluted']) {
    for (const query of [name, `${name}=1`, `${name}=1&${name}=2`]) {
      expectError(await s3.bucket('GET', bucket, { query }), 501, 'NotImplemented');
      expectError(await s3.object('PUT', bucket, 'key', { query, body: 'x' }), 501, 'NotImplemented');
    }
  }
  assert.equal((await s3.object('GET', bucket, 'key')).text, 'value');
  unpolluted();
});

test('as a key, a prefix, a tag', async () => {
  const other = await s3.freshBucket();
  for (const name of NAMES) await s3.put(other, name, name, { 'x-amz-tagging': `${name}=${name}` });
  assert.deepEqual(texts((await s3.bucket('GET', other)).text, 'Key'), [...NAMES].sort());
  for (const name of NAMES) {
    assert.equal((await s3.object('GET', other, name)).text, name);
    const tags = (await s3.object('GET', other, name, { query: 'tagging' })).text;
    assert.deepEqual([text(tags, 'Key'), text(tags, 'Value')], [name, name]);
    const grouped = await s3.bucket('GET', other, { query: { delimiter: name } });
    assert.equal(texts(grouped.text, 'CommonPrefixes').length, 1);
  }
  unpolluted();
});

test('as an element: refused as any that is not in the schema', async () => {
  const versioning = (inner: string): Promise<S3Response> =>
    s3.bucket('PUT', bucket, { query: 'versioning', body: inner });
  for (const name of NAMES) {
    const inside = `<VersioningConfiguration><${name}>Enabled</${name}></VersioningConfiguration>`;
    const answer = await versioning(inside);
    assert.ok(answer.status >= 400 && answer.status < 500, `${name}: ${answer.status}`);
    expectError(await versioning(`<${name}><Status>Enabled</Status></${name}>`), 400, 'MalformedXML');
    const body = `<Delete><Object><Key>key</Key><${name}>x</${name}></Object></Delete>`;
    const headers = { 'content-md5': md5Base64(body) };
    const deleted = await s3.bucket('POST', bucket, { query: 'delete', body, headers });
    assert.ok(deleted.status === 400 || deleted.status === 501, `${name}: ${deleted.text}`);
  }
  expectStatus(await s3.object('HEAD', bucket, 'key'), 200);
  unpolluted();
});

test('as a value of what has a few', async () => {
  for (const name of NAMES) {
    const put = (headers: Record<string, string>) => s3.object('PUT', bucket, 'new', { headers, body: 'x' });
    expectError(await put({ 'x-amz-storage-class': name }), 400, 'InvalidStorageClass');
    expectError(await put({ 'x-amz-acl': name }), 400, 'InvalidArgument');
    expectError(await put({ 'x-amz-sdk-checksum-algorithm': name }), 400, 'InvalidRequest');
    expectError(await put({ [`x-amz-checksum-${name.toLowerCase()}`]: 'AAAAAA==' }), 501, 'NotImplemented');
    const copy = { 'x-amz-copy-source': `/${bucket}/key`, 'x-amz-metadata-directive': name };
    expectError(await put(copy), 400, 'InvalidArgument');
    const attributes = { 'x-amz-object-attributes': name };
    expectError(
      await s3.object('GET', bucket, 'key', { query: 'attributes', headers: attributes }),
      400,
      'InvalidArgument',
    );
    expectError(await s3.bucket('GET', bucket, { query: { 'encoding-type': name } }), 400, 'InvalidArgument');
    expectError(
      await s3.object('GET', bucket, 'key', { query: { versionId: name } }),
      400,
      'InvalidArgument',
    );
    expectError(await s3.object('GET', bucket, 'key', { query: { uploadId: name } }), 404, 'NoSuchUpload');
  }
  unpolluted();
});

test('as a bucket: none of those names that may be one is there before it is made', async () => {
  for (const name of ['constructor', 'prototype', 'then', 'length']) {
    expectError(await s3.bucket('GET', name), 404, 'NoSuchBucket');
    expectStatus(await s3.bucket('PUT', name), 200);
    await s3.put(name, name, name);
    assert.equal((await s3.object('GET', name, name)).text, name);
  }
});

test('as a user, an access key id, a secret', async () => {
  const named = (name: string) => ({ name, accessKeyId: name, secretAccessKey: `secret-of-${name}` });
  const allowed = NAMES.filter((name) => /^[A-Za-z0-9]/.test(name));
  await using server = await startServer({ users: allowed.map(named) });
  const client = new S3({
    endpoint: server.endpoint,
    credentials: server.credentials,
    region: server.region,
  });
  try {
    for (const name of NAMES) {
      const { accessKeyId, secretAccessKey } = named(name);
      const answer = await client.as({ accessKeyId, secretAccessKey }).send('GET', '/');
      if (allowed.includes(name)) assert.equal(text(answer.text, 'ID'), name);
      else expectError(answer, 403, 'InvalidAccessKeyId');
      const inherited = String(Object.getOwnPropertyDescriptor(Object.prototype, name)?.value);
      const guessed = await client.as({ accessKeyId: name, secretAccessKey: inherited }).send('GET', '/');
      expectError(guessed, 403, 'SignatureDoesNotMatch', 'InvalidAccessKeyId');
    }
  } finally {
    await client.close();
  }
});

test('in the JSON of users', () => {
  const bad = [
    '[{"__proto__": {"root": true}, "name": "eve", "accessKeyId": "EVEKEY", "secretAccessKey": "secret-eve"}]',
    '[{"name": "eve", "accessKeyId": "EVEKEY", "secretAccessKey": "secret-eve", "root": true}]',
    '[{"name": "eve", "accessKeyId": "EVEKEY", "secretAccessKey": "secret-eve", "constructor": {}}]',
    '{"__proto__": []}',
    '[{"name": "__proto__", "accessKeyId": "EVEKEY", "secretAccessKey": "secret-eve"}]',
  ];
  for (const json of bad) assert.throws(() => parseUsers(json, 'the list'), { name: 'OptionError' }, json);
  unpolluted();
});
