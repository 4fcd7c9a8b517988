/**
 * @module Security: headers that a client sends as if it stood inside: those by which proxies, gateways and other S3
 * servers tell one another who asks, from where, for what, and what to store. They have no effect, or are refused.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { needsOwnServer, startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

let log = '';
const { s3 } = await startTestServer({
  logLevel: 'info',
  onLog: (lines) => (log += lines),
  domains: ['s3.example.com'],
});
const bucket = await s3.freshBucket();
const options = { skip: needsOwnServer };

/** Of proxies and frameworks. */
const OF_PROXIES: Readonly<Record<string, string>> = {
  forwarded: 'for=192.0.2.1;host=evil.example;proto=https',
  'x-forwarded-for': '192.0.2.1',
  'x-forwarded-host': `${bucket}.s3.example.com`,
  'x-forwarded-proto': 'https',
  'x-forwarded-port': '1',
  'x-forwarded-prefix': '/-/api',
  'x-forwarded-user': 'root',
  'x-forwarded-uri': '/-/api/fsck',
  'x-remote-user': 'root',
  'remote-user': 'root',
  'x-real-ip': '192.0.2.1',
  'x-client-ip': '192.0.2.1',
  'true-client-ip': '192.0.2.1',
  'x-original-url': '/-/api/fsck',
  'x-rewrite-url': '/-/api/fsck',
  'x-original-host': 'evil.example',
  'x-http-method-override': 'DELETE',
  'x-http-method': 'DELETE',
  'x-method-override': 'DELETE',
  'x-request-id': 'chosen\u00e9',
  'x-accel-redirect': '/etc/passwd',
  'x-sendfile': '/etc/passwd',
  'proxy-authorization': 'Basic cm9vdDpyb290',
  cookie: 'session=root',
  proxy: 'http://evil.example',
};

/** Of other servers: what their nodes say to one another, and what was taken from anybody. */
const OF_PEERS: Readonly<Record<string, string>> = {
  'x-minio-source-etag': '00000000000000000000000000000000',
  'x-minio-source-mtime': '2000-01-01T00:00:00Z',
  'x-minio-source-versionid': '00000000-0000-0000-0000-000000000000',
  'x-minio-source-replication-request': 'true',
  'x-minio-source-proxy-request': 'true',
  'x-minio-replication-ssec-crc': 'AAAAAA==',
  'x-minio-replication-server-side-encryption-sealed-key': 'AAAA',
  'x-minio-replication-actual-object-size': '1',
  'x-minio-force-delete': 'true',
  'x-minio-force-create': 'true',
  'x-minio-extract': 'true',
  'x-minio-internal-compression': 'klauspost/compress/s2',
  'x-minio-internal-actual-size': '1',
  'x-rgw-quota': 'none',
  'x-rustfs-source-mtime': '2000-01-01T00:00:00Z',
  'x-rustfs-force-delete': 'true',
  'x-seaweedfs-internal': 'true',
  'seaweed-name': '../../etc/passwd',
  'x-storage-token': 'root',
  'x-auth-token': 'root',
};

const ALL = { ...OF_PROXIES, ...OF_PEERS };

function withoutTimes(headers: Record<string, string>): Record<string, string> {
  const { date, 'last-modified': modified, 'x-amz-request-id': id, 'x-amz-id-2': id2, ...rest } = headers;
  assert.ok(date && modified && id && id2);
  return rest;
}

test(
  'stored with an object they are nothing: neither its tag, its time, its size nor its metadata',
  options,
  async () => {
    await s3.put(bucket, 'plain', 'value');
    const plain = withoutTimes((await s3.object('HEAD', bucket, 'plain')).headers);
    for (const signed of [true, false]) {
      for (const [name, value] of Object.entries(ALL)) {
        const sent = signed ? { headers: { [name]: value } } : { unsignedHeaders: [[name, value] as const] };
        expectStatus(await s3.object('PUT', bucket, 'key', { body: 'value', ...sent }), 200);
        const { headers } = await s3.object('HEAD', bucket, 'key', { unsignedHeaders: [[name, value]] });
        assert.deepEqual(withoutTimes(headers), plain, name);
        assert.ok(Date.now() - Date.parse(headers['last-modified'] ?? '') < 3_600_000, name);
        assert.notEqual(headers['x-amz-request-id'], value);
      }
    }
  },
);

test('they do not change what is asked for, nor who asks', options, async () => {
  await s3.put(bucket, 'kept', 'value');
  for (const [name, value] of Object.entries(ALL)) {
    const unsignedHeaders = [[name, value]] as const;
    assert.equal((await s3.object('GET', bucket, 'kept', { unsignedHeaders })).text, 'value', name);
    expectError(
      await s3.object('GET', bucket, 'kept', { auth: 'anonymous', unsignedHeaders }),
      403,
      'AccessDenied',
    );
    expectError(
      await s3.send('POST', '/-/api/fsck', { auth: 'anonymous', unsignedHeaders }),
      403,
      'AccessDenied',
    );
    expectError(await s3.bucket('DELETE', bucket, { unsignedHeaders }), 409, 'BucketNotEmpty');
  }
  for (const query of ['_method=DELETE', 'X-HTTP-Method-Override=DELETE', 'method=DELETE'])
    expectError(await s3.object('GET', bucket, 'kept', { query }), 501, 'NotImplemented');
  assert.equal((await s3.object('GET', bucket, 'kept')).text, 'value');
});

test(
  'the log tells the address of the connection, and addresses that are answered are those that were asked',
  options,
  async () => {
    log = '';
    const unsignedHeaders = Object.entries(OF_PROXIES);
    const upload = await s3.object('POST', bucket, 'upload', { query: 'uploads', unsignedHeaders });
    const id = text(upload.text, 'UploadId') ?? '';
    const part = await s3.object('PUT', bucket, 'upload', {
      query: { uploadId: id, partNumber: '1' },
      body: 'x',
    });
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers['etag']}</ETag></Part></CompleteMultipartUpload>`;
    const query = { uploadId: id };
    const { text: xml } = await s3.object('POST', bucket, 'upload', { query, body, unsignedHeaders });
    assert.equal(text(xml, 'Location'), `${s3.endpoint}/${bucket}/upload`);
    // Lines come a moment after their answers.
    while (!log.includes('CompleteMultipartUpload')) await new Promise((resolve) => setImmediate(resolve));
    for (const line of log.trim().split('\n')) {
      const { client, path } = JSON.parse(line) as { client?: string; path?: string };
      assert.match(client ?? '', /^(?:::ffff:)?127\.0\.0\.1$/);
      assert.ok(path?.startsWith(`/${bucket}`));
    }
    assert.ok(!log.includes('192.0.2.1'));
  },
);

test('answers’ own headers are nothing in a request', options, async () => {
  for (const name of [
    'x-amz-request-id',
    'x-amz-id-2',
    'x-amz-version-id',
    'x-amz-delete-marker',
    'x-amz-restore',
    'x-amz-expiration',
    'x-amz-replication-status',
    'x-amz-tagging-count',
    'x-amz-mp-parts-count',
    'x-amz-server-side-encryption',
    'x-cistern-upload-id',
    'x-cistern-upload-size',
    'x-cistern-upload-state',
  ]) {
    const answer = await s3.object('PUT', bucket, 'told', { headers: { [name]: '1' }, body: 'x' });
    expectError(answer, 501, 'NotImplemented');
  }
});
