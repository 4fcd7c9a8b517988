/**
 * @module Following an upload: `x-cistern-follow: true`. What a follower has got at a normal end is the object; everything
 * else breaks its body.
 *
 * S3 has nothing like it: docs/live-uploads.md says what it is.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { expectStatus } from '../support/expect.ts';
import { LiveKey } from '../support/live.ts';
import { MultipartUpload, PART_BYTES, partBytes } from '../support/multipart.ts';
import { formatHead, RawConnection } from '../support/raw-http.ts';
import { startTestServer } from '../support/server.ts';

const PART = 64 * 1024;
// Two HTTP threads: the commit has to wake followers on both.
const { s3 } = await startTestServer({ threads: 2, livePartBytes: PART });
const bucket = await s3.freshBucket();
let keys = 0;
const fresh = (): LiveKey => new LiveKey(s3, bucket, `follow/${keys++}`);

async function multipart(): Promise<{ at: LiveKey; upload: MultipartUpload }> {
  const at = fresh();
  return { at, upload: await MultipartUpload.begin(s3, bucket, at.key) };
}

test('followers get what is committed at once, and end when the upload does', async () => {
  const at = fresh();
  const bytes = randomBytes(4 * PART + 77);
  const upload = await at.begin();
  await upload.send(bytes.subarray(0, PART));
  const id = await at.upload();
  const followers = await Promise.all(Array.from({ length: 8 }, () => at.follow(id)));
  const late = await at.follow(id, { range: `bytes=${2 * PART + 5}-` });
  const bounded = await at.follow(id, { range: `bytes=10-${PART + 9}` });
  for (const follower of followers) {
    assert.equal(follower.status, 200);
    assert.equal(follower.headers['content-length'], undefined);
    await follower.until(PART);
  }
  await upload.send(bytes.subarray(PART, 2 * PART));
  for (const follower of followers) await follower.until(2 * PART);
  assert.ok((await bounded.ended).equals(bytes.subarray(10, PART + 10)));
  assert.equal(bounded.headers['content-range'], `bytes 10-${PART + 9}/*`);
  await upload.send(bytes.subarray(2 * PART));
  await upload.end();
  for (const follower of followers) assert.ok((await follower.ended).equals(bytes));
  assert.equal(late.status, 206);
  assert.equal(late.headers['content-range'], `bytes ${2 * PART + 5}-9007199254740991/*`);
  assert.ok((await late.ended).equals(bytes.subarray(2 * PART + 5)));
  const after = await at.follow(id);
  assert.ok((await after.ended).equals(bytes));
  const beyond = await at.follow(id, { range: `bytes=${bytes.length}-` });
  assert.equal((await beyond.ended).length, 0, 'who has all of it asks for nothing more');
});

test('parts of a multipart upload are followed in their order, whatever order they come in', async () => {
  const { at, upload } = await multipart();
  const bytes = [partBytes(), partBytes(), partBytes(100)] as const;
  const follower = await at.follow(upload.id);
  const three = await upload.part(3, bytes[2]);
  const one = await upload.part(1, bytes[0]);
  await follower.until(PART_BYTES);
  const two = await upload.part(2, bytes[1]);
  await follower.until(2 * PART_BYTES + 100);
  expectStatus(await upload.complete([one, two, three]), 200);
  assert.ok((await follower.ended).equals(Buffer.concat(bytes)));
});

test('parts that were copied, small ones and empty ones are followed, too', async () => {
  const { at, upload } = await multipart();
  const source = await MultipartUpload.begin(s3, bucket, 'follow/source');
  const pieces = [partBytes(), partBytes(), randomBytes(9)];
  const sent = [];
  for (const [i, piece] of pieces.entries()) sent.push(await source.part(i + 1, piece));
  expectStatus(await source.complete(sent), 200);
  const follower = await at.follow(upload.id);
  const whole = Buffer.concat(pieces);
  const copied = await upload.copy(1, `${bucket}/follow/source`);
  const range = { 'x-amz-copy-source-range': `bytes=7-${PART_BYTES + 6}` };
  expectStatus(copied, 200);
  expectStatus(await upload.copy(2, `${bucket}/follow/source`, range), 200);
  await follower.until(whole.length + PART_BYTES);
  const last = await upload.part(3, '');
  const listed = await upload.list();
  const etags = [...listed.text.matchAll(/<ETag>&quot;([^&]+)&quot;<\/ETag>/g)].map(
    (match) => match[1] ?? '',
  );
  const parts = [1, 2].map((number) => ({ number, etag: `"${etags[number - 1]}"` }));
  expectStatus(await upload.complete([...parts, last]), 200);
  assert.ok((await follower.ended).equals(Buffer.concat([whole, whole.subarray(7, 7 + PART_BYTES)])));
});

test('an abort breaks the body of followers', async () => {
  const { at, upload } = await multipart();
  await upload.part(1, partBytes());
  const follower = await at.follow(upload.id);
  const beyond = await at.follow(upload.id, { range: `bytes=${2 * PART_BYTES}-` });
  await follower.until(PART_BYTES);
  expectStatus(await upload.abort(), 204);
  await assert.rejects(follower.ended);
  await assert.rejects(beyond.ended);
});

test('a part that was served breaks followers when other bytes take its place, and no sooner', async () => {
  const { at, upload } = await multipart();
  const bytes = partBytes();
  await upload.part(1, bytes);
  const follower = await at.follow(upload.id);
  await follower.until(PART_BYTES);
  // The same once more changes nothing, while the follower waits for what comes.
  await upload.part(1, bytes);
  await upload.part(2, 'two');
  await follower.until(PART_BYTES + 3);
  await upload.part(1, partBytes());
  await assert.rejects(follower.ended);
  // Another follower begins with what there is now.
  const second = await at.follow(upload.id);
  await second.until(PART_BYTES + 3);
  assert.ok(!second.received().subarray(0, PART_BYTES).equals(bytes));
  expectStatus(await upload.abort(), 204);
  await assert.rejects(second.ended);
});

test('a part that is left out on completion breaks those who were sent it, and nobody else', async () => {
  const { at, upload } = await multipart();
  const [one, two] = [partBytes(), partBytes()];
  const first = await upload.part(1, one);
  await upload.part(2, two);
  const follower = await at.follow(upload.id);
  await follower.until(2 * PART_BYTES);
  const within = await at.follow(upload.id, { range: 'bytes=0-9' });
  assert.ok((await within.ended).equals(one.subarray(0, 10)));
  const three = await upload.part(4, 'four');
  expectStatus(await upload.complete([first, three]), 200);
  await assert.rejects(follower.ended);
  const after = await at.follow(upload.id);
  assert.ok((await after.ended).equals(Buffer.concat([one, Buffer.from('four')])));
});

test('a slow follower gets all of an object that is overwritten as soon as it is complete', async () => {
  // One thread: the two followers are told of the end together.
  const single = await startTestServer({ threads: 1, livePartBytes: 16 * PART });
  const at = new LiveKey(single.s3, await single.s3.freshBucket(), 'slow');
  // More than the buffers of sockets hold.
  const block = randomBytes(256 * PART);
  const upload = await at.begin();
  await upload.send(block);
  const id = await at.upload();
  const slow = await at.follow(id);
  slow.pause();
  const waiting = await at.follow(id);
  await upload.send(Buffer.concat([block, block]));
  await upload.end();
  await waiting.ended;
  await single.s3.put(at.bucket, at.key, 'another');
  expectStatus(await single.s3.object('DELETE', at.bucket, at.key), 204);
  slow.resume();
  assert.ok((await slow.ended).equals(Buffer.concat([block, block, block])));
});

test('a URL that was presigned for following needs no header', async () => {
  const at = fresh();
  const upload = await at.begin();
  await upload.send(Buffer.alloc(PART, 'x'));
  const id = await at.upload();
  const query = { 'cistern-upload': id, 'x-cistern-follow': 'true' };
  const { target } = s3.prepare('GET', at.path, { query, auth: 'presigned' });
  const answer = fetch(new URL(target, s3.endpoint));
  await at.committed(id, PART);
  await upload.send('the end');
  const response = await answer;
  assert.equal(response.headers.get('content-length'), null);
  await upload.end();
  assert.equal((await response.text()).length, PART + 7);
});

test('HTTP/1.0 cannot tell a broken body, and is refused; a plain read is not', async () => {
  const at = fresh();
  const upload = await at.begin();
  await upload.send(Buffer.alloc(PART, 'x'));
  const id = await at.upload();
  await at.committed(id, PART);
  const get = async (headers: Record<string, string>): Promise<string> => {
    const request = s3.prepare('GET', at.path, { query: `cistern-upload=${id}`, headers });
    const connection = await RawConnection.open(s3.endpoint);
    await connection.send(formatHead('GET', request.target, request.headers).replace('HTTP/1.1', 'HTTP/1.0'));
    const { status, body } = await connection.read();
    connection.close();
    return `${status} ${body.length > 1000 ? body.length : /<Code>(\w+)/.exec(body.toString())?.[1]}`;
  };
  assert.equal(await get({ 'x-cistern-follow': 'true' }), '400 InvalidRequest');
  assert.equal(await get({}), `200 ${PART}`);
  upload.vanish();
});

test('an upload may be silent for as long as it likes, and its followers wait', async () => {
  const windowMs = 300;
  const quiet = await startTestServer({
    livePartBytes: PART,
    throughput: { bytesPerSecondMin: 1_000_000, windowMs },
  });
  const at = new LiveKey(quiet.s3, await quiet.s3.freshBucket(), 'quiet');
  const upload = await at.begin();
  await upload.send(Buffer.alloc(PART, 'a'));
  const id = await at.upload();
  const follower = await at.follow(id);
  await follower.until(PART);
  // Whoever stalls is cut off after a window, and another one has been by then.
  const stalled = await RawConnection.open(quiet.s3.endpoint);
  const put = quiet.s3.prepare('PUT', `${at.path}-stalled`, { payload: 'UNSIGNED-PAYLOAD' });
  for (let i = 0; i < 2; i++) {
    const connection = i === 0 ? stalled : await RawConnection.open(quiet.s3.endpoint);
    await connection.send(formatHead('PUT', put.target, [...put.headers, ['content-length', '100000']]));
    await connection.closed();
  }
  await upload.send('b');
  await upload.end();
  assert.equal((await follower.ended).length, PART + 1);
});
