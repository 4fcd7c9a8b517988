/**
 * @module Additional checksums on plain bodies: sent in a header, verified, stored, returned.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html. Trailers are tested with the
 * streamed payloads.
 */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';

import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, checksumOf, loadChecksums } from '@cistern/protocol';

import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { startTestServer } from '../support/server.ts';
import { elements, text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
await loadChecksums();

function headerOf(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

const ENABLED = { 'x-amz-checksum-mode': 'ENABLED' };

/** Published check values of the text "123456789": they do not come from the code under test. */
const CHECK_VALUES: Readonly<Record<ChecksumAlgorithm, string>> = {
  CRC32: Buffer.from('cbf43926', 'hex').toString('base64'),
  CRC32C: Buffer.from('e3069283', 'hex').toString('base64'),
  CRC64NVME: Buffer.from('ae8b14860a799888', 'hex').toString('base64'),
  MD5: createHash('md5').update('123456789').digest('base64'),
  SHA1: createHash('sha1').update('123456789').digest('base64'),
  SHA256: createHash('sha256').update('123456789').digest('base64'),
  SHA512: createHash('sha512').update('123456789').digest('base64'),
  XXHASH64: Buffer.from('8cb841db40e6ae83', 'hex').toString('base64'),
  XXHASH3: Buffer.from('72dcb18b67a17dff', 'hex').toString('base64'),
  XXHASH128: Buffer.from('33119477ede5dcd5e9716427681d5860', 'hex').toString('base64'),
};

for (const algorithm of CHECKSUM_ALGORITHMS) {
  const header = headerOf(algorithm);

  test(`${algorithm}: the published check value is accepted, stored and returned`, async () => {
    const headers = { [header]: CHECK_VALUES[algorithm] };
    const response = await s3.object('PUT', bucket, `check/${algorithm}`, { body: '123456789', headers });
    expectStatus(response, 200);
    assert.equal(response.headers[header], CHECK_VALUES[algorithm]);
    for (const method of ['GET', 'HEAD']) {
      const read = await s3.object(method, bucket, `check/${algorithm}`, { headers: ENABLED });
      assert.equal(read.headers[header], CHECK_VALUES[algorithm]);
      assert.equal(read.headers['x-amz-checksum-type'], 'FULL_OBJECT');
      const quiet = await s3.object(method, bucket, `check/${algorithm}`);
      assert.equal(quiet.headers[header], undefined, 'only who asks is told');
    }
  });

  test(`${algorithm}: verified on empty and large bodies`, async () => {
    for (const size of [0, 64 * 1024, 3 << 20]) {
      const body = randomBytes(size);
      const headers = { [header]: checksumOf(algorithm, body).toString('base64') };
      expectStatus(await s3.object('PUT', bucket, 'sized', { body, headers }), 200);
      const wrong = { [header]: checksumOf(algorithm, Buffer.from('other')).toString('base64') };
      await leavesUnchanged(s3, bucket, async () => {
        expectError(await s3.object('PUT', bucket, 'sized', { body, headers: wrong }), 400, 'BadDigest');
      });
    }
  });

  test(`${algorithm}: a value that cannot be one is refused`, async () => {
    await leavesUnchanged(s3, bucket, async () => {
      for (const value of [
        '',
        '!',
        'AAA',
        CHECK_VALUES[algorithm].slice(4),
        `${CHECK_VALUES[algorithm]}AAAA`,
      ]) {
        const headers = { [header]: value };
        expectError(
          await s3.object('PUT', bucket, 'bad', { body: '123456789', headers }),
          400,
          'InvalidRequest',
        );
      }
    });
  });

  test(`${algorithm}: a copy keeps it`, async () => {
    await s3.put(bucket, `from/${algorithm}`, '123456789', { [header]: CHECK_VALUES[algorithm] });
    const headers = { 'x-amz-copy-source': `/${bucket}/from/${algorithm}` };
    expectStatus(await s3.object('PUT', bucket, `to/${algorithm}`, { headers }), 200);
    const read = await s3.object('HEAD', bucket, `to/${algorithm}`, { headers: ENABLED });
    assert.equal(read.headers[header], CHECK_VALUES[algorithm]);
  });
}

test('two checksums at once are refused', async () => {
  const headers = { 'x-amz-checksum-crc32': CHECK_VALUES.CRC32, 'x-amz-checksum-sha1': CHECK_VALUES.SHA1 };
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await s3.object('PUT', bucket, 'two', { body: '123456789', headers }), 400, 'InvalidRequest');
  });
});

test('a checksum and Content-MD5 are both verified', async () => {
  const md5 = (of: string) => createHash('md5').update(of).digest('base64');
  const put = (sum: string, digest: string) =>
    s3.object('PUT', bucket, 'both', {
      body: '123456789',
      headers: { 'x-amz-checksum-crc32': sum, 'content-md5': digest },
    });
  expectStatus(await put(CHECK_VALUES.CRC32, md5('123456789')), 200);
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await put('AAAAAA==', md5('123456789')), 400, 'BadDigest');
    expectError(await put(CHECK_VALUES.CRC32, md5('other')), 400, 'BadDigest');
  });
});

test('an unknown algorithm is refused', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    const names = ['x-amz-checksum-md9', 'x-amz-checksum-crc99'];
    for (const name of names) {
      const response = await s3.object('PUT', bucket, 'unknown', { body: 'x', headers: { [name]: 'AAAA' } });
      assert.ok([400, 501].includes(response.status), response.text);
    }
    const headers = { 'x-amz-sdk-checksum-algorithm': 'MD9' };
    expectError(await s3.object('PUT', bucket, 'unknown', { body: 'x', headers }), 400, 'InvalidRequest');
  });
});

test('an announced algorithm without a value is refused', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    const headers = { 'x-amz-sdk-checksum-algorithm': 'SHA256' };
    expectError(await s3.object('PUT', bucket, 'announced', { body: 'x', headers }), 400, 'InvalidRequest');
  });
});

test('an announced algorithm that is not that of the value is refused', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    const headers = { 'x-amz-sdk-checksum-algorithm': 'SHA256', 'x-amz-checksum-crc32': CHECK_VALUES.CRC32 };
    expectError(
      await s3.object('PUT', bucket, 'at-odds', { body: '123456789', headers }),
      400,
      'InvalidRequest',
    );
  });
});

test('a range carries no checksum of the whole', async () => {
  await s3.put(bucket, 'ranged', '123456789', { 'x-amz-checksum-crc32': CHECK_VALUES.CRC32 });
  const headers = { ...ENABLED, range: 'bytes=0-3' };
  const response = await s3.object('GET', bucket, 'ranged', { headers });
  expectStatus(response, 206);
  assert.equal(response.headers['x-amz-checksum-crc32'], undefined);
});

test('any mode but ENABLED is refused', async () => {
  const headers = { 'x-amz-checksum-mode': 'SOMETIMES' };
  expectError(
    await s3.object('GET', bucket, 'ranged', { headers }),
    400,
    'InvalidRequest',
    'InvalidArgument',
  );
});

test('listings name the algorithm', async () => {
  const own = await s3.freshBucket();
  await s3.put(own, 'summed', '123456789', { 'x-amz-checksum-crc32c': CHECK_VALUES.CRC32C });
  const response = await s3.bucket('GET', own, { query: { 'list-type': '2' } });
  const entry = elements(response.text, 'Contents')[0] ?? '';
  assert.equal(text(entry, 'ChecksumAlgorithm'), 'CRC32C');
});

test('the sum is of the bytes stored: it holds against an independent one after a read', async () => {
  const body = randomBytes(1_000_000);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  await s3.put(bucket, 'independent', body, { 'x-amz-checksum-crc32': sum.toString('base64') });
  const read = await s3.object('GET', bucket, 'independent', { headers: ENABLED });
  assert.equal(read.headers['x-amz-checksum-crc32'], sum.toString('base64'));
  assert.equal(crc32(read.body), crc32(body));
});
