/**
 * @module CompleteMultipartUpload: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';

import { CHECKSUM_ALGORITHMS, checksumOf, loadChecksums } from '@cistern/protocol';
import type { ChecksumAlgorithm } from '@cistern/protocol';

import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { type ListedPart, MultipartUpload, partBytes, PART_BYTES } from '../support/multipart.ts';
import { etagOf, objectPath } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
await loadChecksums();

const bodies = [partBytes(), partBytes(PART_BYTES + 1), partBytes(100_000)];
const whole = Buffer.concat(bodies);

function md5(bytes: Buffer): Buffer {
  return createHash('md5').update(bytes).digest();
}

/** Of an object made of these parts. */
function joinedETag(parts: readonly Buffer[]): string {
  return `"${md5(Buffer.concat(parts.map(md5))).toString('hex')}-${parts.length}"`;
}

async function sendAll(upload: MultipartUpload): Promise<ListedPart[]> {
  return Promise.all(bodies.map((body, index) => upload.part(index + 1, body)));
}

/** An upload with one small part, which is enough for an object. */
async function withPart(
  key: string,
  headers: Record<string, string> = {},
  body = 'bytes',
): Promise<{ upload: MultipartUpload; part: ListedPart }> {
  const upload = await MultipartUpload.begin(s3, bucket, key, headers);
  return { upload, part: await upload.part(1, body) };
}

suite('an object of parts', () => {
  test('has their bytes, and the ETag of their MD5s', async () => {
    const upload = await MultipartUpload.begin(s3, bucket, 'dir/a key');
    const response = await upload.complete(await sendAll(upload));
    expectStatus(response, 200);
    assert.match(response.headers['content-type'] ?? '', /^application\/xml/);
    const etag = joinedETag(bodies);
    assert.equal(text(response.text, 'ETag'), etag);
    assert.equal(text(response.text, 'Bucket'), bucket);
    assert.equal(text(response.text, 'Key'), 'dir/a key');
    assert.equal(text(response.text, 'Location'), `${s3.endpoint}${objectPath(bucket, 'dir/a key')}`);
    const read = await s3.object('GET', bucket, 'dir/a key');
    assert.equal(read.headers['etag'], etag);
    assert.ok(read.body.equals(whole));
    for (const [first, last] of [
      [PART_BYTES - 3, PART_BYTES + 2],
      [2 * PART_BYTES, 2 * PART_BYTES + 70_000],
      [0, 9],
    ] as const) {
      const part = await s3.object('GET', bucket, 'dir/a key', {
        headers: { range: `bytes=${first}-${last}` },
      });
      expectStatus(part, 206);
      assert.ok(part.body.equals(whole.subarray(first, last + 1)));
    }
    const list = await s3.bucket('GET', bucket, { query: 'list-type=2&prefix=dir/' });
    assert.equal(text(list.text, 'Size'), String(whole.length));
    assert.equal(text(list.text, 'ETag'), etag);
  });

  test('of those that are listed: others are given up, and gaps in the numbers are none in the object', async () => {
    const upload = await MultipartUpload.begin(s3, bucket, 'gaps');
    const [a, b, c] = await Promise.all([
      upload.part(3, bodies[0] ?? ''),
      upload.part(70, 'left out'),
      upload.part(10_000, 'tail'),
    ]);
    assert.ok(b);
    const response = await upload.complete([a, c]);
    expectStatus(response, 200);
    assert.equal(text(response.text, 'ETag'), joinedETag([bodies[0] ?? Buffer.of(), Buffer.from('tail')]));
    const read = await s3.object('GET', bucket, 'gaps');
    assert.ok(read.body.equals(Buffer.concat([bodies[0] ?? Buffer.of(), Buffer.from('tail')])));
  });

  test('may be a single small one, or an empty one', async () => {
    for (const body of ['', 'x']) {
      const { upload, part } = await withPart('single', {}, body);
      const response = await upload.complete([part]);
      expectStatus(response, 200);
      assert.equal(text(response.text, 'ETag'), joinedETag([Buffer.from(body)]));
      assert.equal((await s3.object('GET', bucket, 'single')).text, body);
    }
  });

  test('takes ETags without quotes, and a list without a namespace', async () => {
    const { upload, part } = await withPart('bare');
    const etag = part.etag.replaceAll('"', '');
    const body = `<CompleteMultipartUpload><Part><ETag>${etag}</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>`;
    expectStatus(await upload.ask('POST', {}, { body }), 200);
  });

  test('replaces the object of that key when it is complete, and not before', async () => {
    await s3.put(bucket, 'replaced', 'old');
    const { upload, part } = await withPart('replaced', {}, 'new');
    assert.equal((await s3.object('GET', bucket, 'replaced')).text, 'old');
    expectStatus(await upload.complete([part]), 200);
    assert.equal((await s3.object('GET', bucket, 'replaced')).text, 'new');
  });

  test('is a version of its key', async () => {
    const versioned = await s3.freshBucket();
    const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
    expectStatus(await s3.bucket('PUT', versioned, { query: 'versioning', body }), 200);
    const ids: string[] = [];
    for (const content of ['one', 'two']) {
      const upload = await MultipartUpload.begin(s3, versioned, 'k');
      const parts = [await upload.part(1, content)];
      const response = await upload.complete(parts);
      const id = response.headers['x-amz-version-id'] ?? '';
      ids.push(id);
      const again = await upload.complete(parts);
      assert.equal(again.headers['x-amz-version-id'], id);
    }
    const first = await s3.object('GET', versioned, 'k', { query: { versionId: ids[0] ?? '' } });
    assert.equal(first.text, 'one');
    assert.equal((await s3.object('GET', versioned, 'k')).text, 'two');
  });
});

suite('a list that is wrong', () => {
  test('names parts that are not there, or are others: InvalidPart', async () => {
    const { upload, part } = await withPart('wrong');
    await leavesUnchanged(s3, bucket, async () => {
      for (const parts of [
        [{ ...part, number: 2 }],
        [part, { ...part, number: 2 }],
        [{ ...part, etag: etagOf('other') }],
        [{ ...part, etag: 'x' }],
      ])
        expectError(await upload.complete(parts), 400, 'InvalidPart');
    });
    expectStatus(await upload.complete([part]), 200);
  });

  test('is not in ascending order: InvalidPartOrder', async () => {
    const upload = await MultipartUpload.begin(s3, bucket, 'order');
    const [a, b, c] = (await sendAll(upload)) as [ListedPart, ListedPart, ListedPart];
    for (const parts of [
      [b, a, c],
      [a, b, b, c],
    ])
      expectError(await upload.complete(parts), 400, 'InvalidPartOrder');
    expectStatus(await upload.abort(), 204);
  });

  test('has a part below 5 MiB that is not the last: EntityTooSmall', async () => {
    const upload = await MultipartUpload.begin(s3, bucket, 'too-small');
    const parts = await Promise.all([
      upload.part(1, bodies[0] ?? ''),
      upload.part(2, partBytes(PART_BYTES - 1)),
      upload.part(3, 'tail'),
    ]);
    const response = await upload.complete(parts);
    expectError(response, 400, 'EntityTooSmall');
    assert.equal(text(response.text, 'ProposedSize'), String(PART_BYTES - 1));
    assert.equal(text(response.text, 'PartNumber'), '2');
    expectStatus(await upload.complete([parts[0], parts[2]]), 200);
  });

  test('has small parts, and says so: x-cistern-small-parts', async () => {
    const upload = await MultipartUpload.begin(s3, bucket, 'small-parts');
    const parts = await Promise.all([upload.part(1, 'a'), upload.part(2, 'bc'), upload.part(3, 'd')]);
    const refused = await upload.complete(parts, { 'x-cistern-small-parts': 'yes' });
    expectError(refused, 400, 'InvalidArgument');
    expectStatus(await upload.complete(parts, { 'x-cistern-small-parts': 'true' }), 200);
    assert.equal((await s3.object('GET', bucket, 'small-parts')).text, 'abcd');
  });

  test('is no list, or an empty one', async () => {
    const { upload } = await withPart('malformed');
    for (const body of [
      '',
      'x',
      '<CompleteMultipartUpload/>',
      '<CompleteMultipartUpload><Part/></CompleteMultipartUpload>',
      '<Other><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></Other>',
    ])
      expectError(await upload.ask('POST', {}, { body }), 400, 'MalformedXML', 'InvalidRequest');
  });

  test('or its upload: NoSuchUpload', async () => {
    const { upload, part } = await withPart('ended');
    const query = { uploadId: 'x' };
    const body =
      '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>';
    expectError(await s3.object('POST', bucket, 'ended', { query, body }), 404, 'NoSuchUpload');
    const elsewhere = { query: { uploadId: upload.id }, body };
    expectError(await s3.object('POST', bucket, 'other', elsewhere), 404, 'NoSuchUpload');
    expectStatus(await upload.abort(), 204);
    expectError(await upload.complete([part]), 404, 'NoSuchUpload');
  });
});

suite('an answer that was lost', () => {
  test('is given again to the same list, and to no other', async () => {
    const { upload, part } = await withPart('again', { 'x-amz-checksum-algorithm': 'CRC64NVME' });
    const first = await upload.complete([part]);
    expectStatus(first, 200);
    await s3.put(bucket, 'again', 'newer');
    const second = await upload.complete([part]);
    expectStatus(second, 200);
    assert.equal(second.text, first.text);
    assert.equal((await s3.object('GET', bucket, 'again')).text, 'newer');
    expectError(await upload.complete([{ ...part, etag: etagOf('x') }]), 404, 'NoSuchUpload');
    expectStatus(await s3.object('DELETE', bucket, 'again'), 204);
    expectStatus(await upload.complete([part]), 200);
    expectError(await s3.object('GET', bucket, 'again'), 404, 'NoSuchKey');
  });

  test('several at once complete it once', async () => {
    const { upload, part } = await withPart('several');
    const responses = await Promise.all(Array.from({ length: 8 }, () => upload.complete([part])));
    for (const response of responses) {
      expectStatus(response, 200);
      assert.equal(response.text, responses[0]?.text);
    }
  });
});

suite('conditions', () => {
  test('If-None-Match: * and If-Match are decided when the object appears', async () => {
    const { upload, part } = await withPart('conditional');
    expectError(await upload.complete([part], { 'if-match': '*' }), 404, 'NoSuchKey');
    await s3.put(bucket, 'conditional', 'there');
    expectError(await upload.complete([part], { 'if-none-match': '*' }), 412, 'PreconditionFailed');
    expectError(await upload.complete([part], { 'if-match': etagOf('other') }), 412, 'PreconditionFailed');
    expectStatus(await upload.complete([part], { 'if-match': etagOf('there') }), 200);
    assert.equal((await s3.object('GET', bucket, 'conditional')).text, 'bytes');
  });

  test('of many uploads of one key with If-None-Match: * exactly one wins', async () => {
    const uploads = await Promise.all(Array.from({ length: 8 }, (_, i) => withPart('one', {}, `body ${i}`)));
    const responses = await Promise.all(
      uploads.map(({ upload, part }) => upload.complete([part], { 'if-none-match': '*' })),
    );
    const won = responses
      .map(({ status }, index) => ({ status, index }))
      .filter(({ status }) => status === 200);
    assert.equal(won.length, 1);
    assert.equal((await s3.object('GET', bucket, 'one')).text, `body ${won[0]?.index}`);
  });

  test('the size that the client expects', async () => {
    const { upload, part } = await withPart('size');
    expectError(await upload.complete([part], { 'x-amz-mp-object-size': '6' }), 400, 'InvalidRequest');
    expectError(await upload.complete([part], { 'x-amz-mp-object-size': 'x' }), 400, 'InvalidArgument');
    expectStatus(await upload.complete([part], { 'x-amz-mp-object-size': '5' }), 200);
  });
});

suite('checksums', () => {
  const headerOf = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`;
  const sum = (algorithm: ChecksumAlgorithm, bytes: Buffer): string =>
    checksumOf(algorithm, bytes).toString('base64');

  async function sendWith(
    upload: MultipartUpload,
    algorithm: ChecksumAlgorithm,
  ): Promise<readonly ListedPart[]> {
    return Promise.all(
      bodies.map(async (body, index) => {
        const value = sum(algorithm, body);
        const part = await upload.part(index + 1, body, { [headerOf(algorithm)]: value });
        return { ...part, more: `<Checksum${algorithm}>${value}</Checksum${algorithm}>` };
      }),
    );
  }

  for (const algorithm of CHECKSUM_ALGORITHMS.filter((one) => one !== 'CRC64NVME')) {
    test(`${algorithm}, COMPOSITE: that of the parts' checksums`, async () => {
      const upload = await MultipartUpload.begin(s3, bucket, algorithm, {
        'x-amz-checksum-algorithm': algorithm,
      });
      const parts = await sendWith(upload, algorithm);
      const digests = Buffer.concat(bodies.map((body) => checksumOf(algorithm, body)));
      const expected = `${sum(algorithm, digests)}-${bodies.length}`;
      const bare = parts.map(({ number, etag }) => ({ number, etag }));
      expectError(await upload.complete(bare), 400, 'InvalidRequest');
      const wrong = { [headerOf(algorithm)]: `${sum(algorithm, whole)}-3` };
      expectError(await upload.complete(parts, wrong), 400, 'BadDigest');
      const type = { 'x-amz-checksum-type': 'FULL_OBJECT' };
      expectError(await upload.complete(parts, type), 400, 'BadDigest', 'InvalidRequest');
      const response = await upload.complete(parts, { [headerOf(algorithm)]: expected });
      expectStatus(response, 200);
      assert.equal(text(response.text, `Checksum${algorithm}`), expected);
      assert.equal(text(response.text, 'ChecksumType'), 'COMPOSITE');
      const head = await s3.object('HEAD', bucket, algorithm, {
        headers: { 'x-amz-checksum-mode': 'ENABLED' },
      });
      assert.equal(head.headers[headerOf(algorithm)], expected);
      assert.equal(head.headers['x-amz-checksum-type'], 'COMPOSITE');
    });
  }

  for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME'] as const) {
    test(`${algorithm}, FULL_OBJECT: that of the whole, which nobody reads again`, async () => {
      const key = `full/${algorithm}`;
      const upload = await MultipartUpload.begin(s3, bucket, key, {
        'x-amz-checksum-algorithm': algorithm,
        'x-amz-checksum-type': 'FULL_OBJECT',
      });
      const parts = await sendAll(upload);
      const expected = sum(algorithm, whole);
      const other = { [headerOf(algorithm)]: sum(algorithm, bodies[0] ?? Buffer.of()) };
      expectError(await upload.complete(parts, other), 400, 'BadDigest');
      const headers = { [headerOf(algorithm)]: expected, 'x-amz-checksum-type': 'FULL_OBJECT' };
      const response = await upload.complete(parts, headers);
      expectStatus(response, 200);
      assert.equal(text(response.text, `Checksum${algorithm}`), expected);
      assert.equal(text(response.text, 'ChecksumType'), 'FULL_OBJECT');
      const read = await s3.object('GET', bucket, key, { headers: { 'x-amz-checksum-mode': 'ENABLED' } });
      assert.equal(read.headers[headerOf(algorithm)], expected);
      assert.equal(read.headers['x-amz-checksum-type'], 'FULL_OBJECT');
    });
  }

  test('a part with another one than was sent is InvalidPart', async () => {
    const { upload, part } = await withPart('sums', {
      'x-amz-checksum-algorithm': 'CRC32',
      'x-amz-checksum-type': 'FULL_OBJECT',
    });
    const more = `<ChecksumCRC32>${sum('CRC32', Buffer.from('other'))}</ChecksumCRC32>`;
    expectError(await upload.complete([{ ...part, more }]), 400, 'InvalidPart');
    const sha1 = `<ChecksumSHA1>${sum('SHA1', Buffer.from('bytes'))}</ChecksumSHA1>`;
    expectError(await upload.complete([{ ...part, more: sha1 }]), 400, 'InvalidRequest');
  });

  test('one of the whole that the upload was not begun with cannot be compared', async () => {
    const { upload, part } = await withPart('none');
    const headers = { 'x-amz-checksum-crc32': sum('CRC32', Buffer.from('bytes')) };
    expectError(await upload.complete([part], headers), 400, 'InvalidRequest');
  });

  test('a composite one needs parts without gaps', async () => {
    const upload = await MultipartUpload.begin(s3, bucket, 'gapped', {
      'x-amz-checksum-algorithm': 'SHA256',
    });
    const part = await upload.part(2, 'x');
    const more = `<ChecksumSHA256>${sum('SHA256', Buffer.from('x'))}</ChecksumSHA256>`;
    expectError(await upload.complete([{ ...part, more }]), 400, 'InvalidPartOrder');
  });
});
