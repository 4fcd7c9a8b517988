/**
 * @module Append: PutObject with `x-amz-write-offset-bytes`, as S3 Express One Zone defines it, in any bucket without versions.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-buckets-objects-append.html,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';

import { checksumOf, loadChecksums } from '@cistern/protocol';

import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { etagOf, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';

// Two HTTP threads: what decides must be what they share.
const { s3 } = await startTestServer({ threads: 2 });
const bucket = await s3.freshBucket();

/** Above what is kept in the database. */
const LARGE = 200_000;

function append(
  key: string,
  offset: number | string,
  body: Buffer | string,
  headers: Record<string, string> = {},
): Promise<S3Response> {
  return s3.object('PUT', bucket, key, {
    body,
    headers: { 'x-amz-write-offset-bytes': String(offset), ...headers },
  });
}

async function get(key: string, headers: Record<string, string> = {}): Promise<S3Response> {
  const response = await s3.object('GET', bucket, key, { headers });
  assert.ok([200, 206].includes(response.status), response.text.slice(0, 600));
  return response;
}

test('offset 0 creates, the size so far appends, and the answer tells the size', async () => {
  const pieces = [Buffer.from('small '), randomBytes(LARGE), Buffer.alloc(0), randomBytes(70_000)];
  let whole = Buffer.alloc(0);
  const etags = new Set<string>();
  for (const piece of pieces) {
    const response = await append('grown', whole.length, piece);
    expectStatus(response, 200);
    whole = Buffer.concat([whole, piece]);
    assert.equal(response.headers['x-amz-object-size'], String(whole.length));
    const read = await get('grown');
    assert.ok(read.body.equals(whole));
    assert.equal(read.headers['etag'], response.headers['etag']);
    etags.add(read.headers['etag'] ?? '');
  }
  const [first, ...later] = etags;
  assert.equal(first, etagOf('small '));
  for (const [index, etag] of later.entries())
    assert.match(etag, new RegExp(`^"[0-9a-f]{32}-${index + 2}"$`));
  assert.equal(later.length, 3);
});

test('an object that was put, copied or is empty is appended to', async () => {
  await s3.put(bucket, 'put', 'base ');
  await s3.put(bucket, 'empty', '');
  await s3.put(bucket, 'copied', '', { 'x-amz-copy-source': `/${bucket}/put` });
  expectStatus(await append('copied', 5, 'copy'), 200);
  expectStatus(await append('put', 5, 'put'), 200);
  expectStatus(await append('empty', 0, 'no more'), 200);
  assert.equal((await get('put')).text, 'base put');
  assert.equal((await get('copied')).text, 'base copy');
  assert.equal((await get('empty')).text, 'no more');
});

test('an offset that is not the size is InvalidWriteOffset', async () => {
  expectError(await append('absent', 1, 'x'), 400, 'InvalidWriteOffset');
  await s3.put(bucket, 'offsets', 'bytes');
  await leavesUnchanged(s3, bucket, async () => {
    for (const [offset, body] of [
      [0, 'x'],
      [4, 'x'],
      [6, ''],
      [2 ** 40, randomBytes(LARGE)],
    ] as const)
      expectError(await append('offsets', offset, body), 400, 'InvalidWriteOffset');
    for (const offset of ['', '-1', '1.0', 'x', ' '])
      expectError(await append('offsets', offset, 'x'), 400, 'InvalidArgument');
  });
});

test('a bucket that has versions, or had them, refuses', async () => {
  const versioned = await s3.freshBucket();
  await s3.put(versioned, 'k', 'bytes');
  for (const status of ['Enabled', 'Suspended']) {
    const body = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`;
    expectStatus(await s3.bucket('PUT', versioned, { query: { versioning: '' }, body }), 200);
    await leavesUnchanged(s3, versioned, async () => {
      const headers = { 'x-amz-write-offset-bytes': '5' };
      expectError(await s3.object('PUT', versioned, 'k', { body: 'x', headers }), 400, 'InvalidRequest');
    });
  }
});

test('what is there keeps its attributes; an append that asks for others is refused', async () => {
  const stored = {
    'content-type': 'text/plain',
    'x-amz-meta-a': '1',
    'x-amz-tagging': 'b=2',
    expires: 'soon',
  };
  expectStatus(await append('attributes', 0, '', stored), 200);
  expectStatus(await append('attributes', 0, 'one', { 'content-type': 'text/html' }), 200);
  expectStatus(await append('attributes', 3, 'two', { 'x-amz-storage-class': 'STANDARD' }), 200);
  const check = async (): Promise<void> => {
    const { headers, text } = await get('attributes');
    assert.equal(text, 'onetwo');
    assert.deepEqual(
      [headers['content-type'], headers['x-amz-meta-a'], headers['x-amz-tagging-count'], headers['expires']],
      ['text/plain', '1', '1', 'soon'],
    );
  };
  await check();
  for (const header of [
    { 'x-amz-meta-a': '1' },
    { 'x-amz-tagging': 'b=2' },
    { 'x-amz-storage-class': 'STANDARD_IA' },
    { 'cache-control': 'no-store' },
    { 'content-disposition': 'inline' },
    { 'content-encoding': 'gzip' },
    { 'content-language': 'de' },
    { expires: 'soon' },
  ] as Record<string, string>[])
    expectError(await append('attributes', 6, 'x', header), 400, 'InvalidRequest');
  await s3.put(bucket, 'no bytes', '');
  expectError(await append('no bytes', 0, 'x', { 'x-amz-meta-a': '1' }), 400, 'InvalidRequest');
  await check();
});

test('conditions are those of any write', async () => {
  expectError(await append('conditions', 0, 'x', { 'if-match': '*' }), 404, 'NoSuchKey');
  expectStatus(await append('conditions', 0, 'one', { 'if-none-match': '*' }), 200);
  const second = await append('conditions', 3, 'two', { 'if-match': etagOf('one') });
  expectStatus(second, 200);
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await append('conditions', 6, 'x', { 'if-match': etagOf('one') }), 412, 'PreconditionFailed');
    expectError(await append('conditions', 6, 'x', { 'if-none-match': '*' }), 412, 'PreconditionFailed');
  });
  const etag = second.headers['etag'] ?? '';
  expectStatus(await append('conditions', 6, 'three', { 'if-match': etag }), 200);
  assert.equal((await get('conditions', { 'if-none-match': etag })).text, 'onetwothree');
});

const base64 = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
};
const sha256 = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();

test('a CRC is that of the whole; answers tell that of what was sent', async () => {
  const pieces = [randomBytes(1000), randomBytes(LARGE), randomBytes(10)];
  let size = 0;
  for (const piece of pieces) {
    const sum = base64(crc32(piece));
    const response = await append('crc', size, piece, { 'x-amz-checksum-crc32': sum });
    expectStatus(response, 200);
    assert.equal(response.headers['x-amz-checksum-crc32'], sum);
    size += piece.length;
  }
  const read = await get('crc', { 'x-amz-checksum-mode': 'ENABLED' });
  assert.equal(read.headers['x-amz-checksum-crc32'], base64(crc32(Buffer.concat(pieces))));
  assert.equal(read.headers['x-amz-checksum-type'], 'FULL_OBJECT');
  await leavesUnchanged(s3, bucket, async () => {
    const wrong = { 'x-amz-checksum-crc32': base64(1) };
    expectError(await append('crc', size, 'x', wrong), 400, 'BadDigest');
  });
});

test('SHA-256 is that of the parts, and none is left after an append without it', async () => {
  const pieces = ['one', randomBytes(LARGE)];
  let size = 0;
  for (const piece of pieces) {
    const sum = sha256(piece).toString('base64');
    expectStatus(await append('sha', size, piece, { 'x-amz-checksum-sha256': sum }), 200);
    size += piece.length;
  }
  const mode = { 'x-amz-checksum-mode': 'ENABLED' };
  const expected = sha256(Buffer.concat(pieces.map((piece) => sha256(piece)))).toString('base64');
  const read = await get('sha', mode);
  assert.equal(read.headers['x-amz-checksum-sha256'], `${expected}-2`);
  assert.equal(read.headers['x-amz-checksum-type'], 'COMPOSITE');
  expectStatus(await append('sha', size, 'x'), 200);
  const { headers } = await get('sha', mode);
  assert.deepEqual(
    Object.keys(headers).filter((name) => name.startsWith('x-amz-checksum-')),
    [],
  );
});

test('an XXHash is checked in each append, and none is left of the whole', async () => {
  await loadChecksums();
  const header = 'x-amz-checksum-xxhash3';
  const sum = (text: string) => checksumOf('XXHASH3', Buffer.from(text)).toString('base64');
  expectStatus(await append('xxhash', 0, 'one', { [header]: sum('one') }), 200);
  const mode = { 'x-amz-checksum-mode': 'ENABLED' };
  assert.equal((await get('xxhash', mode)).headers[header], sum('one'));
  expectError(await append('xxhash', 3, 'two', { [header]: sum('one') }), 400, 'BadDigest');
  expectStatus(await append('xxhash', 3, 'two', { [header]: sum('two') }), 200);
  const read = await get('xxhash', mode);
  assert.equal(read.text, 'onetwo');
  assert.equal(read.headers[header], undefined);
});

test('of many at the same offset exactly one wins', async () => {
  for (const size of [10, LARGE]) {
    const key = `raced/${size}`;
    await s3.put(bucket, key, 'base');
    const bodies = Array.from({ length: 16 }, () => randomBytes(size));
    const answers = await Promise.all(bodies.map((body) => append(key, 4, body)));
    const winners = answers.flatMap(({ status }, i) => (status === 200 ? [i] : []));
    assert.equal(winners.length, 1);
    for (const answer of answers) if (answer.status !== 200) expectError(answer, 400, 'InvalidWriteOffset');
    const expected = Buffer.concat([Buffer.from('base'), bodies[winners[0] as number] as Buffer]);
    assert.ok((await get(key)).body.equals(expected));
  }
});

test('appenders that try again lose no byte, and readers see whole appends only', async () => {
  const appends = 12;
  const lines = (text: string): string[] => text.split('\n').slice(0, -1);
  const state = { writing: true };
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    for (let n = 0; n < appends;) {
      const size = (await s3.object('HEAD', bucket, 'log')).headers['content-length'] ?? '0';
      const exists = (await s3.object('HEAD', bucket, 'log')).status === 200;
      const answer = await append('log', exists ? size : 0, `${writer} ${n} ${'.'.repeat(500)}\n`);
      if (answer.status === 200) n++;
      else expectError(answer, 400, 'InvalidWriteOffset');
    }
  });
  const written = Promise.all(writers).finally(() => {
    state.writing = false;
  });
  const reader = (async () => {
    let before = '';
    while (state.writing) {
      const read = await s3.object('GET', bucket, 'log');
      if (read.status === 404) continue;
      assert.equal(read.text.length, Number(read.headers['content-length']));
      assert.ok(read.text.startsWith(before) && read.text.endsWith('\n'), 'a torn append was read');
      before = read.text;
    }
  })();
  await Promise.all([written, reader]);
  const all = lines((await get('log')).text);
  assert.equal(new Set(all).size, 4 * appends);
  for (let writer = 0; writer < 4; writer++) {
    const own = all.filter((line) => line.startsWith(`${writer} `)).map((line) => Number(line.split(' ')[1]));
    assert.deepEqual(
      own,
      Array.from({ length: appends }, (_, i) => i),
    );
  }
});

test('ranges over hundreds of appends', async () => {
  let whole = Buffer.alloc(0);
  for (let i = 0; i < 300; i++) {
    const piece = randomBytes(i % 100 === 99 ? LARGE : (i * 7) % 50);
    expectStatus(await append('pieces', whole.length, piece), 200);
    whole = Buffer.concat([whole, piece]);
  }
  const at = [0, 1, 499, 500, LARGE, LARGE + 3000, 2 * LARGE + 5000, whole.length - 1];
  for (const first of at) {
    for (const last of at.filter((end) => end >= first)) {
      const read = await get('pieces', { range: `bytes=${first}-${last}` });
      assert.ok(read.body.equals(whole.subarray(first, last + 1)), `${first} to ${last}`);
    }
  }
  assert.ok((await get('pieces')).body.equals(whole));
  const copied = await s3.object('PUT', bucket, 'pieces copied', {
    headers: { 'x-amz-copy-source': `/${bucket}/pieces` },
  });
  expectStatus(copied, 200);
  assert.ok((await get('pieces copied')).body.equals(whole));
});
