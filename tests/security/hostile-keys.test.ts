/**
 * @module Security: `..`, `%2e%2e`, `//`, NUL, overlong and invalid UTF-8, case twins and other names that a path, a
 * shell or a database may take for something else: in keys, prefixes, copy sources and bucket names. A key is what was
 * sent, byte for byte, or is refused; and nothing outside the data directory is touched.
 */

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { encodeQueryComponent } from '@cistern/protocol';

import { expectError, expectStatus } from '../support/expect.ts';
import { md5Base64, objectPath, type S3Response } from '../support/s3.ts';
import { dataFiles, needsOwnServer, startTestServer } from '../support/server.ts';
import { texts } from '../support/xml.ts';
import { bendHeader, sendPrepared } from './bend.ts';

/** The data directory is three folders deep, each with a file that must stay as it is. */
const outer = await mkdtemp(join(tmpdir(), 'cistern-security-'));
const dataDir = join(outer, 'a', 'b', 'data');
await mkdir(dataDir, { recursive: true });
const WATCHED = ['.', 'a', 'a/b'];
for (const folder of WATCHED) await writeFile(join(outer, folder, 'key'), 'outside');
after(() => rm(outer, { recursive: true, force: true }));

const { s3 } = await startTestServer({ dataDir });
const options = { skip: needsOwnServer };
const LARGE = 'x'.repeat(70_000);

async function outside(): Promise<string[]> {
  const all = await readdir(outer, { recursive: true });
  return all.filter((path) => !path.startsWith(join('a', 'b', 'data'))).sort();
}

const KEYS = [
  '..',
  '.',
  '../key',
  '../../key',
  'a/../key',
  'a/../../../../../../etc/passwd',
  './key',
  '/',
  '//',
  '/etc/passwd',
  '//key',
  'key/',
  'key//',
  'a//b',
  '%2e%2e/key',
  '%2e%2e%2fkey',
  '%252e%252e%252fkey',
  '%00',
  '\\',
  '..\\..\\key',
  'C:\\key',
  'C:key',
  'NUL',
  'con',
  'key.',
  'key ',
  ' key',
  'key\t',
  'KEY',
  'Key',
  'key',
  'k\u0065\u0301y',
  'k\u00e9y',
  'ｋｅｙ',
  'ﬁ',
  'ſ',
  'ß',
  'ss',
  'İ',
  'i\u0307',
  '\u202ekey',
  '\u200bkey',
  '\ufeffkey',
  '\u0001',
  '\u007f',
  '\n',
  '\r\n',
  '\u2028',
  '-rf',
  '--data',
  '$(id)',
  '`id`',
  '${HOME}',
  '; DROP TABLE versions;--',
  "' OR '1'='1",
  '" OR "1"="1',
  '%',
  '_',
  '*',
  '?',
  '#',
  '~',
  '~root/key',
  '<script>',
  '&amp;',
  ']]>',
  '-/metrics',
  '-/api/fsck',
  'catalog.db',
  'catalog.db-wal',
  'credentials',
  'blobs/../catalog.db',
  '\u{10ffff}',
  '\uffff',
  'é'.repeat(512),
  '😀'.repeat(256),
  'x'.repeat(1024),
];

/** Named by bytes, as they would stand in a target or a header: no key. */
const NO_KEYS: readonly [what: string, raw: string][] = [
  ['an overlong slash', '%c0%af'],
  ['an overlong dot', '%c0%ae%c0%ae/key'],
  ['an overlong slash of three bytes', '%e0%80%af'],
  ['an overlong NUL', '%c0%80'],
  ['a lone surrogate', '%ed%a0%80'],
  ['a pair of surrogates', '%ed%a0%bd%ed%b8%80'],
  ['beyond Unicode', '%f4%90%80%80'],
  ['a byte that is none', '%ff'],
  ['a lone continuation', '%80'],
  ['a character cut short', '%e2%82'],
  ['no hexadecimal digits', '%zz'],
  ['an escape cut short', 'a%2'],
];

test('a key comes back as it was sent, and is another than its twins', options, async () => {
  const bucket = await s3.freshBucket();
  const before = await outside();
  for (const [i, key] of KEYS.entries())
    await s3.put(bucket, key, i % 2 === 0 ? `body ${i}` : `${i}${LARGE}`);
  const listed = await s3.bucket('GET', bucket, { query: 'list-type=2' });
  const inOrder = [...KEYS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(texts(listed.text, 'Key'), inOrder);
  const encoded = await s3.bucket('GET', bucket, { query: 'list-type=2&encoding-type=url' });
  assert.deepEqual(texts(encoded.text, 'Key').map(decodeURIComponent), inOrder);
  await Promise.all(
    KEYS.map(async (key, i) => {
      const { text } = await s3.object('GET', bucket, key);
      assert.ok(
        text === (i % 2 === 0 ? `body ${i}` : `${i}${LARGE}`),
        `${JSON.stringify(key)} has another body`,
      );
    }),
  );
  assert.deepEqual(await outside(), before);
  for (const name of await dataFiles(dataDir)) {
    assert.match(
      name,
      /^(?:[a-z.-]+|blobs\/\d+\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{64}|tmp\/[\w.-]+)$/,
      'a key in a path',
    );
  }
});

test('as a source of a copy and of a rename, it is that key and no other', options, async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'key', 'the wrong one');
  for (const key of KEYS.filter((one) => one !== 'key')) {
    await s3.put(bucket, key, 'right');
    const source = `/${bucket}/${encodeQueryComponent(key)}`;
    const copied = await s3.object('PUT', bucket, 'copy', { headers: { 'x-amz-copy-source': source } });
    expectStatus(copied, 200);
    assert.equal((await s3.object('GET', bucket, 'copy')).text, 'right', JSON.stringify(key));
    if (key.endsWith('/')) continue;
    const headers = { 'x-amz-rename-source': `/${encodeQueryComponent(key)}` };
    expectStatus(await s3.object('PUT', bucket, 'renamed', { query: 'renameObject', headers }), 200);
    expectStatus(await s3.object('GET', bucket, key), 404);
  }
});

test('as a prefix, a marker or a delimiter, it matches itself', options, async () => {
  const bucket = await s3.freshBucket();
  for (const key of KEYS) await s3.put(bucket, key, '');
  for (const key of KEYS) {
    const { text } = await s3.bucket('GET', bucket, { query: { 'list-type': '2', prefix: key } });
    const bytes = Buffer.from(key);
    const wanted = KEYS.filter((one) => Buffer.from(one).subarray(0, bytes.length).equals(bytes));
    assert.deepEqual(new Set(texts(text, 'Key')), new Set(wanted), JSON.stringify(key));
    assert.equal((await s3.bucket('GET', bucket, { query: { marker: key } })).status, 200);
    assert.equal((await s3.bucket('GET', bucket, { query: { delimiter: key } })).status, 200);
  }
});

test('deleted by a list of keys, it is that key', options, async () => {
  const bucket = await s3.freshBucket();
  // No XML document holds U+FFFF or most control characters as they are; references are what S3 takes them by.
  const keys = KEYS.filter((key) => key !== 'key');
  for (const key of KEYS) await s3.put(bucket, key, '');
  const refer = (key: string): string => [...key].map((one) => `&#${one.codePointAt(0)};`).join('');
  const entries = keys.map((key) => `<Object><Key>${refer(key)}</Key></Object>`);
  const body = `<Delete>${entries.join('')}</Delete>`;
  const headers = { 'content-md5': md5Base64(body) };
  expectStatus(await s3.bucket('POST', bucket, { query: 'delete', body, headers }), 200);
  assert.deepEqual(texts((await s3.bucket('GET', bucket)).text, 'Key'), ['key']);
});

test('what is no UTF-8 is no key, wherever it stands', options, async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'key', 'value');
  for (const [what, raw] of NO_KEYS) {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expectError(await s3.send(method, `/${bucket}/${raw}`, { body: 'x' }), 400, 'InvalidURI');
    }
    const copy = { 'x-amz-copy-source': `/${bucket}/${raw}` };
    expectError(await s3.object('PUT', bucket, 'copy', { headers: copy }), 400, 'InvalidArgument');
    const rename = { 'x-amz-rename-source': `/${raw}` };
    const renamed = await s3.object('PUT', bucket, 'copy', { query: 'renameObject', headers: rename });
    expectError(renamed, 400, 'InvalidArgument');
    for (const name of ['prefix', 'marker', 'delimiter', 'nonsense']) {
      expectError(await s3.bucket('GET', bucket, { query: `${name}=${raw}` }), 400, 'InvalidArgument');
    }
    const tagged = { 'x-amz-tagging': `a=${raw}` };
    expectError(await s3.object('PUT', bucket, 'tagged', { headers: tagged }), 400, 'InvalidArgument');
    assert.deepEqual(texts((await s3.bucket('GET', bucket)).text, 'Key'), ['key'], what);
  }
});

test('a key of more than 1,024 bytes is refused, wherever it stands', options, async () => {
  const bucket = await s3.freshBucket();
  for (const key of ['x'.repeat(1025), 'é'.repeat(513), '😀'.repeat(257)]) {
    expectError(await s3.object('PUT', bucket, key), 400, 'KeyTooLongError');
    const source = encodeQueryComponent(key);
    const copy = { 'x-amz-copy-source': `/${bucket}/${source}` };
    expectError(await s3.object('PUT', bucket, 'copy', { headers: copy }), 400, 'KeyTooLongError');
    const rename = { 'x-amz-rename-source': source };
    const renamed = await s3.object('PUT', bucket, 'copy', { query: 'renameObject', headers: rename });
    expectError(renamed, 400, 'KeyTooLongError');
    expectStatus(
      await s3.bucket('GET', bucket, { query: { prefix: key, marker: key, delimiter: key } }),
      200,
    );
  }
});

test('a bucket is named by the rules, or refused, in every operation on buckets', options, async () => {
  const before = [await outside(), (await dataFiles(dataDir)).filter((name) => !name.startsWith('tmp/'))];
  const names = [
    '..',
    '.',
    '%2e%2e',
    '%2e%2e%2fkey',
    '..%2f..',
    'a%2fb',
    'a%5cb',
    'abc%00',
    'abc%0a',
    'abc.',
    'a..b',
    'abc%c0%af',
    'Abc',
    'a_b',
    '-abc',
    '%2d',
    '127.0.0.1',
    'ab',
    'x'.repeat(64),
    '%c3%a9%c3%a9%c3%a9',
    'xn--abc',
    '__proto__',
    'constructor%20',
  ];
  for (const name of names) {
    const asked: S3Response[] = [
      await s3.send('PUT', `/${name}`),
      await s3.send('GET', `/${name}`),
      await s3.send('PUT', `/${name}/key`, { body: LARGE }),
      await s3.send('DELETE', `/${name}`),
    ];
    for (const answer of asked) expectError(answer, 400, 'InvalidBucketName', 'InvalidURI');
  }
  assert.deepEqual(
    [await outside(), (await dataFiles(dataDir)).filter((name) => !name.startsWith('tmp/'))],
    before,
  );
  for (const folder of WATCHED) assert.equal(await readFile(join(outer, folder, 'key'), 'utf8'), 'outside');
});

test('a source of a copy names a bucket by its name, not by a way to it', options, async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'key', 'value');
  for (const source of [
    `../${bucket}/key`,
    `./${bucket}/key`,
    `//${bucket}/key`,
    `/${bucket}%00/key`,
    `/${bucket.toUpperCase()}/key`,
    `arn:aws:s3:::${bucket}/key`,
    `http://${s3.host}/${bucket}/key`,
    'file:///etc/passwd',
    '/',
    '',
    `/${bucket}`,
    `/${bucket}/`,
  ]) {
    const answer = await s3.object('PUT', bucket, 'copy', { headers: { 'x-amz-copy-source': source } });
    assert.ok(answer.status === 400 || answer.status === 404, `${source}: ${answer.status}`);
  }
  expectStatus(await s3.send('HEAD', objectPath(bucket, 'copy')), 404);
});

test(
  'a source is named by what was signed: blanks that a signature does not tell apart are encoded',
  options,
  async () => {
    const bucket = await s3.freshBucket();
    const keys = ['a b', 'a  b', 'a\tb'];
    for (const key of keys) await s3.put(bucket, key, key);
    for (const header of ['x-amz-copy-source', 'x-amz-rename-source']) {
      const query = header === 'x-amz-rename-source' ? 'renameObject' : '';
      const prefix = query === '' ? `/${bucket}` : '';
      const signed = s3.prepare('PUT', objectPath(bucket, 'made'), {
        auth: 'presigned',
        query,
        headers: { [header]: `${prefix}/a b` },
      });
      for (const source of ['a  b', 'a\tb', 'a \t b']) {
        const answer = await sendPrepared(
          s3,
          bendHeader(signed, header, () => `${prefix}/${source}`),
        );
        expectError(answer, 400, 'InvalidArgument');
      }
      expectStatus(await sendPrepared(s3, signed), 200);
      assert.equal((await s3.object('GET', bucket, 'made')).text, 'a b');
    }
  },
);
