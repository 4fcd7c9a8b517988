/**
 * @module Security: a presigned URL serves the one request that it was made for. Not another method, key, bucket, host
 * or query; not with more headers, not after its time, and not when its maker is no user any more.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { startServer } from 'cistern';

import { leavesUnchanged } from '../support/expect.ts';
import { objectPath, type PreparedRequest, S3, type S3Response } from '../support/s3.ts';
import { needsOwnServer, REGION, startTestServer } from '../support/server.ts';
import { addHeaders, addQuery, sendPrepared } from './bend.ts';

const DOMAIN = 's3.example.com';
const { s3 } = await startTestServer({ domains: [DOMAIN] });
const options = { skip: needsOwnServer };
const [bucket, other] = [await s3.freshBucket('mine'), await s3.freshBucket('other')];
for (const name of [bucket, other]) {
  await s3.put(name, 'key', 'value');
  await s3.put(name, 'key2', 'value');
}

const PATH = objectPath(bucket, 'key');

function presigned(method: string, path = PATH, query = ''): PreparedRequest {
  return s3.prepare(method, path, { auth: 'presigned', query });
}

function retarget(request: PreparedRequest, from: string | RegExp, to: string): PreparedRequest {
  const target = request.target.replace(from, to);
  assert.notEqual(target, request.target, 'the test changes something');
  return { ...request, target };
}

async function refuses(what: string, request: PreparedRequest, codes: readonly string[] = []): Promise<void> {
  const response = await sendPrepared(s3, request);
  assert.ok(response.status >= 400 && response.status < 500, `${what}: ${response.status}`);
  if (request.method === 'HEAD') return;
  const expected = codes.length === 0 ? ['SignatureDoesNotMatch'] : codes;
  assert.ok(expected.includes(response.errorCode ?? ''), `${what}: ${response.text}`);
}

test('for another method', options, async () => {
  for (const made of ['GET', 'HEAD', 'PUT', 'DELETE']) {
    for (const used of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      if (made === used) continue;
      await leavesUnchanged(s3, bucket, () =>
        refuses(`${made} as ${used}`, { ...presigned(made), method: used }),
      );
    }
  }
  assert.equal((await sendPrepared(s3, presigned('GET'))).text, 'value');
});

test('for another key', options, async () => {
  const keys = ['key2', 'KEY', 'key/', '/key', 'key%00', 'key%20', './key', '../mine/key', 'key?', 'k%2565y'];
  for (const method of ['GET', 'PUT', 'DELETE']) {
    await leavesUnchanged(s3, bucket, async () => {
      for (const key of keys) {
        const request = retarget(presigned(method), '/key?', `/${key}?`);
        await refuses(`${method} ${key}`, request, [
          'SignatureDoesNotMatch',
          'InvalidURI',
          'AuthorizationQueryParametersError',
        ]);
      }
    });
  }
});

test('for another bucket, also by the host', options, async () => {
  await refuses('the path', retarget(presigned('GET'), `/${bucket}/`, `/${other}/`));
  const byHost = s3.prepare('GET', '/key', { auth: 'presigned', host: `${bucket}.${DOMAIN}` });
  assert.equal((await sendPrepared(s3, byHost)).text, 'value');
  await refuses('the host', { ...byHost, headers: [['host', `${other}.${DOMAIN}`]] });
  await refuses('no bucket in the host', { ...byHost, headers: [['host', DOMAIN]] });
  // The path of the one style is a key of the other.
  const byPath = s3.prepare('GET', PATH, { auth: 'presigned', host: DOMAIN });
  await refuses('a bucket in the host', { ...byPath, headers: [['host', `${other}.${DOMAIN}`]] });
});

test('for another host', options, async () => {
  for (const host of ['elsewhere.example.com', `${s3.host}.`, `localhost:${new URL(s3.endpoint).port}`]) {
    await refuses(host, { ...presigned('GET'), headers: [['host', host]] });
  }
});

test('with a parameter added, changed, removed, or written otherwise', options, async () => {
  const ranged = presigned('GET', PATH, 'response-content-type=text/plain&versionId=null');
  assert.equal((await sendPrepared(s3, ranged)).headers['content-type'], 'text/plain');
  await refuses('added', addQuery(presigned('GET'), 'response-content-type=text/html'));
  await refuses('added without a value', addQuery(presigned('GET'), 'tagging'));
  await refuses('a sub-resource for a write', addQuery(presigned('PUT'), 'renameObject'));
  await refuses('changed', retarget(ranged, 'text/plain', 'text/html'));
  await refuses('removed', retarget(ranged, 'versionId=null&', ''));
  await refuses('doubled', addQuery(ranged, 'versionId=null'));
  await refuses('in another case', retarget(ranged, 'versionId', 'versionid'));
  await refuses('a part of the path', retarget(ranged, '?', '%3F'), [
    'AccessDenied',
    'SignatureDoesNotMatch',
  ]);
  for (const name of ['Date', 'Expires', 'Credential', 'SignedHeaders', 'Algorithm']) {
    const request = retarget(
      ranged,
      new RegExp(`X-Amz-${name}=([^&]*)`),
      `X-Amz-${name}=$1&x-amz-${name}=$1`,
    );
    await refuses(`${name} in both cases`, request);
  }
});

test('in another order or writing, it is the same URL', options, async () => {
  const [path = '', query = ''] = presigned('GET', PATH, 'response-content-type=a%20b').target.split('?');
  const same = [
    query.split('&').reverse().join('&'),
    query.replace('a%20b', 'a+b'),
    query.replaceAll('%2F', '%2f'),
    query.replace('key', 'key'),
    `&${query.replace('&', '&&')}&`,
  ];
  for (const one of same) {
    const answer = await sendPrepared(s3, { ...presigned('GET'), target: `${path}?${one}` });
    assert.equal(answer.headers['content-type'], 'a b', `${one}: ${answer.text}`);
  }
});

test('the order of parameters that are given twice is not signed: they are refused', options, async () => {
  for (const query of ['prefix=k&prefix=z', 'prefix=z&prefix=k', 'max-keys=1&prefix=k&max-keys=2']) {
    const request = s3.prepare('GET', `/${bucket}`, { auth: 'presigned', query });
    await refuses(query, request, ['InvalidArgument']);
    const signed: S3Response = await s3.bucket('GET', bucket, { query });
    assert.equal(signed.errorCode, 'InvalidArgument', query);
  }
  const twice = await s3.bucket('GET', bucket, { query: 'prefix=k&prefix=k' });
  assert.equal(twice.status, 200, 'what is said twice is one thing');
});

test('with headers added', options, async () => {
  await leavesUnchanged(s3, bucket, async () => {
    for (const header of ['x-amz-acl', 'x-amz-copy-source', 'x-amz-meta-a', 'x-cistern-live']) {
      const request = addHeaders(presigned('PUT'), [header, `/${other}/key2`]);
      await refuses(header, request, ['AccessDenied']);
    }
  });
  const { headers } = s3.prepare('GET', PATH);
  await refuses('with a signature of its own', { ...presigned('GET'), headers }, ['InvalidArgument']);
});

test('with headers that it was signed with left out, or changed', options, async () => {
  const headers = { 'content-type': 'text/plain', 'if-none-match': '*' };
  const request = s3.prepare('PUT', objectPath(bucket, 'key'), { auth: 'presigned', headers, body: 'new' });
  await leavesUnchanged(s3, bucket, async () => {
    await refuses('all left out', { ...request, headers: [['host', s3.host]] });
    await refuses('changed', {
      ...request,
      headers: request.headers.map(([name, value]) => [name, name === 'if-none-match' ? '"x"' : value]),
    });
    await refuses('doubled', addHeaders(request, ['content-type', 'text/html']));
  });
});

test('after its time, and for a time that is none', options, async () => {
  const past = s3.prepare('GET', PATH, { auth: 'presigned', now: Date.now() - 10_000, expiresS: 5 });
  await refuses('expired', past, ['AccessDenied']);
  await refuses('its time prolonged', retarget(past, 'Expires=5', 'Expires=500'));
  for (const time of [
    '-0',
    '0',
    '1.5',
    '1e3',
    '0x10',
    ' 10',
    '+10',
    '9'.repeat(15),
    '9'.repeat(400),
    'NaN',
    '',
  ]) {
    const request = retarget(presigned('GET'), 'Expires=900', `Expires=${encodeURIComponent(time)}`);
    await refuses(`Expires=${time}`, request, ['AuthorizationQueryParametersError']);
  }
});

test('of a user who is gone, or has another secret', options, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-security-'));
  after(() => rm(dataDir, { recursive: true, force: true }));
  const key = { accessKeyId: 'LEAVERKEY', secretAccessKey: 'secret-of-the-leaver' };
  const startWith = async (users: NonNullable<Parameters<typeof startServer>[0]>['users']) => {
    const server = await startServer({ dataDir, ...(users !== undefined && { users }) });
    return { server, client: new S3({ endpoint: server.endpoint, credentials: key, region: REGION }) };
  };
  const first = await startWith([{ name: 'leaver', ...key }]);
  const name = await first.client.freshBucket();
  await first.client.put(name, 'key', 'value');
  const { target } = first.client.prepare('GET', objectPath(name, 'key'), {
    auth: 'presigned',
    host: DOMAIN,
    expiresS: 604_800,
  });
  const ask = (client: S3): Promise<S3Response> =>
    client.send('GET', target, { auth: 'anonymous', host: DOMAIN });
  assert.equal((await ask(first.client)).text, 'value');
  await first.client.close();
  await first.server.close();
  for (const [users, code] of [
    [[], 'InvalidAccessKeyId'],
    [[{ name: 'leaver', ...key, secretAccessKey: 'another-secret' }], 'SignatureDoesNotMatch'],
    [[{ name: 'successor', ...key }], 'AccessDenied'],
  ] as const) {
    const { server, client } = await startWith(users);
    assert.equal((await ask(client)).errorCode, code);
    await client.close();
    await server.close();
  }
});
