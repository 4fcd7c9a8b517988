/**
 * @module Security: CR, LF and other control characters in metadata, tags, overrides, keys and whatever else comes back
 * in a header or in XML. What came in as one value goes out as one value, or does not come in.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { formatHead, RawConnection, type RawResponse } from '../support/raw-http.ts';
import { objectPath } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { text, texts } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
await s3.put(bucket, 'key', 'value');

const INJECTED = 'x-injected: yes';
const BREAKS = ['\r\n', '\n', '\r', '\u0000', '\u000b', '\u000c', '\u001b', '\u007f', '\u0085'];

/** What comes of a request that is sent as it stands; undefined: an end of the connection without an answer. */
async function raw(head: string, body = ''): Promise<RawResponse | undefined> {
  const connection = await RawConnection.open(s3.endpoint);
  try {
    await connection.send(head + body);
    return await connection.read();
  } catch {
    return undefined;
  } finally {
    connection.close();
  }
}

const STORED = [
  'x-amz-meta-a',
  'content-type',
  'cache-control',
  'content-disposition',
  'content-language',
  'content-encoding',
  'expires',
];

test('raw, in a header that is stored: the request is refused, or the value holds no break', async () => {
  for (const header of STORED) {
    for (const sign of BREAKS) {
      const key = `${header}-${BREAKS.indexOf(sign)}`;
      const value = `a${sign}${INJECTED}`;
      // Signed with what a server that takes the value as it is would verify.
      const request = s3.prepare('PUT', objectPath(bucket, key), { headers: { [header]: value }, body: 'x' });
      await raw(formatHead('PUT', request.target, [...request.headers, ['content-length', '1']]), 'x');
      const { headers, status } = await s3.object('GET', bucket, key);
      assert.equal(headers['x-injected'], undefined, `${header} with ${JSON.stringify(sign)}`);
      // U+0085 is the one of them that is no control character to HTTP: a byte above ASCII.
      if (status === 200) assert.equal(sign, '\u0085', `${header} with ${JSON.stringify(sign)} was stored`);
    }
  }
});

test('encoded, in metadata: it stays encoded', async () => {
  const values = [
    `a%0d%0a${INJECTED}`,
    `a%0D%0A%20${INJECTED}`,
    'a\\r\\nx-injected: yes',
    '=?UTF-8?Q?a=0D=0Ax-injected:_yes?=',
    '=?UTF-8?B?YQ0KeC1pbmplY3RlZDogeWVz?=',
    '=?utf-7?Q?+AA0-+AAo-x-injected:_yes?=',
    // U+560D and U+560A, whose low bytes are CR and LF.
    Buffer.from('嘍嘊x-injected: yes').toString('latin1'),
  ];
  for (const header of STORED) {
    for (const value of values) {
      await s3.put(bucket, 'encoded', 'x', { [header]: value });
      const { headers } = await s3.object('HEAD', bucket, 'encoded');
      assert.equal(headers[header], value, header);
      assert.equal(headers['x-injected'], undefined);
    }
  }
});

test('in the metadata that a presigned URL carries in its query', async () => {
  for (const sign of BREAKS.filter((one) => one !== '\u0085')) {
    const value = encodeURIComponent(`a${sign}${INJECTED}`);
    const query = `x-amz-meta-a=${value}`;
    const answer = await s3.object('PUT', bucket, 'presigned', { auth: 'presigned', query, body: 'x' });
    expectError(answer, 400, 'InvalidArgument');
    const named = `x-amz-meta-${encodeURIComponent(`a${sign}b`)}=1`;
    const second = await s3.object('PUT', bucket, 'presigned', {
      auth: 'presigned',
      query: named,
      body: 'x',
    });
    expectError(second, 400, 'InvalidArgument');
  }
  expectStatus(await s3.object('HEAD', bucket, 'presigned'), 404);
});

test('in the overrides of an answer’s headers', async () => {
  for (const name of [
    'type',
    'language',
    'expires',
    'cache-control',
    'content-disposition',
    'content-encoding',
  ]) {
    const parameter = `response-${name.startsWith('c') || name === 'expires' ? name : `content-${name}`}`;
    for (const sign of BREAKS.filter((one) => one !== '\u0085')) {
      const query = `${parameter}=${encodeURIComponent(`a${sign}${INJECTED}`)}`;
      expectError(await s3.object('GET', bucket, 'key', { query }), 400, 'InvalidArgument');
      const head = await s3.object('HEAD', bucket, 'key', { query });
      assert.deepEqual([head.status, head.headers['x-injected']], [400, undefined]);
    }
    for (const value of ['嘍嘊x-injected: yes', '\u0085x-injected: yes', '\u2028x-injected: yes']) {
      const { headers, status } = await s3.object('GET', bucket, 'key', { query: { [parameter]: value } });
      assert.equal(status, 200);
      assert.equal(headers['x-injected'], undefined);
    }
  }
});

test('in tags, by header and by document', async () => {
  for (const sign of BREAKS) {
    const tagging = `a=${encodeURIComponent(`b${sign}c`)}`;
    const put = await s3.object('PUT', bucket, 'tagged', {
      headers: { 'x-amz-tagging': tagging },
      body: 'x',
    });
    expectError(put, 400, 'InvalidTag');
    if (sign === '\u0000') continue;
    const value = `b&#${sign.codePointAt(0)};c`;
    const body = `<Tagging><TagSet><Tag><Key>a</Key><Value>${value}</Value></Tag></TagSet></Tagging>`;
    expectError(await s3.object('PUT', bucket, 'key', { query: 'tagging', body }), 400, 'InvalidTag');
  }
});

test('in keys: what comes back in XML is the key, and no more elements', async () => {
  const other = await s3.freshBucket();
  const keys = [
    ...BREAKS.map((sign) => `a${sign}${INJECTED}`),
    '</Key><Key>b</Key>',
    '<![CDATA[x]]>',
    '&lt;/Key&gt;',
    '"/><Key>',
    '\ufffe',
    '\uffff',
  ];
  for (const key of keys) {
    await s3.put(other, key, '');
    const missing = await s3.object('GET', other, `${key}-missing`);
    expectError(missing, 404, 'NoSuchKey');
    assert.equal(text(missing.text, 'Key'), `${key}-missing`);
    assert.equal(missing.headers['x-injected'], undefined);
    const upload = await s3.object('POST', other, key, { query: 'uploads' });
    assert.deepEqual(texts(upload.text, 'Key'), [key]);
  }
  const { text: xml } = await s3.bucket('GET', other);
  assert.deepEqual(new Set(texts(xml, 'Key')), new Set(keys));
  // oxlint-disable-next-line no-control-regex -- they are what it looks for
  assert.ok(!/[\u0000-\u0008\u000b-\u001f]/.test(xml), 'a control character stands in XML as it is');
});

test('in names of buckets, versions, uploads and parts that errors repeat', async () => {
  const bad = encodeURIComponent('a\r\nx-injected: yes<Evil/>');
  const answers = [
    await s3.send('GET', `/${bad}`),
    await s3.object('GET', bucket, 'key', { query: `versionId=${bad}` }),
    await s3.object('GET', bucket, 'key', { query: `partNumber=${bad}` }),
    await s3.object('GET', bucket, 'key', { query: `uploadId=${bad}` }),
    await s3.bucket('GET', bucket, { query: `max-keys=${bad}` }),
    await s3.bucket('GET', bucket, { query: `encoding-type=${bad}` }),
    await s3.bucket('GET', bucket, { query: `list-type=2&continuation-token=${bad}` }),
    await s3.bucket('GET', bucket, { query: `${bad}=1` }),
    await s3.bucket('PUT', bucket, { query: `cistern-snapshot=${bad}` }),
    await s3.object('PUT', bucket, 'copy', { headers: { 'x-amz-copy-source': `/${bad}/${bad}` } }),
  ];
  for (const { status, headers, text: xml } of answers) {
    assert.ok((status >= 400 && status < 500) || status === 501, xml);
    assert.equal(headers['x-injected'], undefined);
    assert.ok(!xml.includes('<Evil'), xml);
  }
});
