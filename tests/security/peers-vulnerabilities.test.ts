/**
 * @module Security: what went wrong in other S3 servers, tried here. Each test is named for the report; those whose whole
 * class has a file of its own are there.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { STREAMING_UNSIGNED_TRAILER } from '@cistern/protocol';

import { contents, expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { objectPath, type S3Response } from '../support/s3.ts';
import { needsOwnServer, startTestServer } from '../support/server.ts';
import { texts } from '../support/xml.ts';

const MALLORY = { accessKeyId: 'MALLORYACCESSKEY', secretAccessKey: 'mallory-secret-mallory-secret' };
const { s3 } = await startTestServer({ users: [{ name: 'mallory', ...MALLORY }] });
const mallory = s3.as(MALLORY);
const bucket = await s3.freshBucket('victim');
const own = await mallory.freshBucket('own');
await s3.put(bucket, 'key', 'value');
await mallory.put(own, 'key', 'own');
const options = { skip: needsOwnServer };

const CHUNKED = '5\r\nhello\r\n0\r\n\r\n';
const forged = `AWS4-HMAC-SHA256 Credential=${s3.credentials.accessKeyId}/DAY/us-east-1/s3/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length,Signature=${'0'.repeat(64)}`;

async function refused(answer: Promise<S3Response>, ...codes: string[]): Promise<void> {
  await leavesUnchanged(s3, bucket, async () => {
    const { status, errorCode, text } = await answer;
    assert.ok(status >= 400 && status < 500, `${status} ${text}`);
    if (codes.length > 0) assert.ok(codes.includes(errorCode ?? ''), text);
  });
}

test(
  'CVE-2025-31489, CVE-2026-40344 (MinIO): an unsigned-trailer upload with a forged signature',
  options,
  async () => {
    const date = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
    for (const more of [[], [['x-amz-meta-snowball-auto-extract', 'true']]] as [string, string][][]) {
      for (const path of [
        objectPath(bucket, 'key'),
        objectPath(bucket, 'new'),
        `/${bucket}/key?partNumber=1&uploadId=x`,
      ]) {
        const answer = s3.send('PUT', path, {
          auth: 'anonymous',
          body: CHUNKED,
          unsignedHeaders: [
            ['authorization', forged.replace('DAY', date.slice(0, 8))],
            ['x-amz-date', date],
            ['x-amz-content-sha256', STREAMING_UNSIGNED_TRAILER],
            ['x-amz-decoded-content-length', '5'],
            ...more,
          ],
        });
        await refused(answer, 'SignatureDoesNotMatch', 'AccessDenied');
      }
    }
  },
);

test('CVE-2026-41145 (MinIO): credentials in the query, and no signature anywhere', options, async () => {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  const credential = encodeURIComponent(`${s3.credentials.accessKeyId}/${day}/us-east-1/s3/aws4_request`);
  for (const query of [
    `X-Amz-Credential=${credential}`,
    `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${credential}`,
    `x-amz-credential=${credential}`,
    `X-Amz-Signature=`,
    `AWSAccessKeyId=${s3.credentials.accessKeyId}`,
    `access_key=${s3.credentials.accessKeyId}`,
  ]) {
    for (const authorization of [[], [['authorization', '']]] as [string, string][][]) {
      const answer = s3.object('PUT', bucket, 'key', {
        auth: 'anonymous',
        query,
        body: CHUNKED,
        unsignedHeaders: [
          ['x-amz-content-sha256', STREAMING_UNSIGNED_TRAILER],
          ['x-amz-decoded-content-length', '5'],
          ...authorization,
        ],
      });
      await refused(answer);
    }
  }
});

test(
  'CVE-2026-54917, CVE-2026-55874 (SeaweedFS): a way out of one’s bucket by `..`, in the path and in the source',
  options,
  async () => {
    for (const way of [
      `../${bucket}/key`,
      `%2e%2e/${bucket}/key`,
      `..%2f${bucket}%2fkey`,
      `x/../../${bucket}/key`,
    ]) {
      for (const method of ['GET', 'DELETE']) {
        const { status, text } = await mallory.send(method, `/${own}/${way}`);
        assert.ok(status === 404 || status === 204, `${method} ${way}: ${status}`);
        assert.ok(!text.includes('value'));
      }
      await refused(
        mallory.object('PUT', own, 'copy', { headers: { 'x-amz-copy-source': `/${own}/${way}` } }),
        'NoSuchKey',
      );
      expectStatus(await mallory.send('PUT', `/${own}/${way}`, { body: 'hers' }), 200);
      expectStatus(await mallory.send('DELETE', `/${own}/${way}`), 204);
    }
    assert.equal((await s3.object('GET', bucket, 'key')).text, 'value');
  },
);

test('CVE-2023-43040 (Ceph), CVE-2023-28434 (MinIO): a form that names another bucket', options, async () => {
  const field = (name: string, value: string): string =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const fields = [field('bucket', bucket), field('key', 'posted'), field('file', 'x')];
  const body = `${fields.join('')}--b--\r\n`;
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  for (const auth of ['anonymous', 'header'] as const) {
    const answer = await mallory.bucket('POST', own, { headers, body, auth });
    expectError(answer, 501, 'NotImplemented');
  }
  assert.ok(!(await contents(s3, bucket)).some((line) => line.startsWith('posted')));
});

test('CVE-2024-47866 (Ceph): an empty source', options, async () => {
  for (const source of ['', '/', '//', '?', '?versionId=', '/?versionId=null', '%', '%2f']) {
    const headers = { 'x-amz-copy-source': source };
    await refused(s3.object('PUT', bucket, 'copy', { headers }), 'InvalidArgument');
    const query = { partNumber: '1', uploadId: 'u00000000001' };
    await refused(s3.object('PUT', bucket, 'copy', { headers, query }));
  }
});

test('CVE-2022-3854, CVE-2021-3531 (Ceph): targets of nothing but slashes and escapes', options, async () => {
  for (const target of [
    '//',
    '///',
    '/%00',
    '/%00/%00',
    '/%2f',
    '/%2f%2f',
    '/?',
    '/??',
    '/&',
    '/;',
    '//%00',
    '/#',
    '/%',
    '/%0',
  ]) {
    const { status } = await s3.send('GET', target.replace('#', '%23'));
    assert.ok(status === 200 || (status >= 400 && status < 500) || status === 501, `${target}: ${status}`);
  }
  expectStatus(await s3.object('GET', bucket, 'key'), 200);
});

test('CVE-2023-25812 (MinIO): a right that nobody has, claimed by a header', options, async () => {
  const headers = { 'x-amz-bypass-governance-retention': 'true' };
  expectError(await s3.object('DELETE', bucket, 'key', { headers }), 501, 'NotImplemented');
  expectStatus(await s3.object('HEAD', bucket, 'key'), 200);
});

test(
  'CVE-2021-3524 (Ceph), and whatever answers other origins: no origin is let in, none is repeated',
  options,
  async () => {
    for (const origin of ['null', 'http://evil.example', `http://evil.example%0d%0ax: y`, s3.endpoint]) {
      const unsignedHeaders = [['origin', origin]] as const;
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT']) {
        const { headers } = await s3.object(method, bucket, 'other', { unsignedHeaders });
        const granted = Object.keys(headers).filter((name) => name.startsWith('access-control-'));
        assert.deepEqual(granted, []);
      }
    }
  },
);

test(
  'GHSA-mx42-j6wv-px98 (RustFS): a multipart upload of somebody else, each step of it',
  options,
  async () => {
    const begun = await s3.object('POST', bucket, 'upload', { query: 'uploads' });
    const [uploadId = ''] = texts(begun.text, 'UploadId');
    const ask = (method: string, query: Record<string, string>, body?: string) =>
      mallory.object(method, bucket, 'upload', {
        query: { uploadId, ...query },
        ...(body !== undefined && { body }),
      });
    await refused(ask('PUT', { partNumber: '1' }, 'x'), 'AccessDenied');
    await refused(ask('GET', {}), 'AccessDenied');
    await refused(ask('POST', {}, '<CompleteMultipartUpload/>'), 'AccessDenied');
    await refused(ask('DELETE', {}), 'AccessDenied');
    expectStatus(await s3.object('GET', bucket, 'upload', { query: { uploadId } }), 200);
  },
);

test('numbers at the edges of what a number is', options, async () => {
  const numbers = [
    '-0',
    '-1',
    '1e3',
    '0x10',
    '1.0',
    ' 1',
    '1 ',
    '+1',
    '٣',
    '9007199254740993',
    '18446744073709551617',
    '',
    'NaN',
  ];
  for (const number of numbers) {
    const value = encodeURIComponent(number);
    for (const [path, query] of [
      [`/${bucket}`, `max-keys=${value}`],
      [`/${bucket}`, `list-type=2&max-keys=${value}`],
      [`/${bucket}`, `versions&max-keys=${value}`],
      [`/${bucket}`, `uploads&max-uploads=${value}`],
      ['/', `max-buckets=${value}`],
      [objectPath(bucket, 'key'), `partNumber=${value}`],
      [objectPath(bucket, 'key'), `uploadId=u00000000001&max-parts=${value}`],
      [objectPath(bucket, 'key'), `uploadId=u00000000001&part-number-marker=${value}`],
    ] as const) {
      const { status, text } = await s3.send('GET', path, { query });
      // Empty is as if it were not said, where S3 has it so.
      const good = status >= 400 ? status < 500 : number === '';
      assert.ok(good, `${path}?${query}: ${status} ${text}`);
    }
    const sent = Buffer.from(number).toString('latin1');
    for (const range of [`bytes=${sent}-`, `bytes=-${sent}`, `bytes=0-${sent}`, `bytes=${sent}-${sent}`]) {
      const { status, body } = await s3.object('GET', bucket, 'key', { headers: { range } });
      assert.ok([200, 206, 416].includes(status), `${range}: ${status}`);
      if (status !== 416) assert.ok('value'.includes(body.toString()));
    }
    const offset = { 'x-amz-write-offset-bytes': sent };
    await refused(s3.object('PUT', bucket, 'key', { headers: offset, body: 'x' }));
  }
});
