/**
 * @module A crowd that follows one upload: everybody gets every part before the next one is sent, those who do not read
 * cost the server nothing but a slab, and get every byte, too, when they go on.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { CheckedFollower } from '../support/checked-follower.ts';
import { startLivePut, uploadsOf } from '../support/live.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { MIB, NumberedBlocks } from '../support/numbered-blocks.ts';
import { needsPeakMemory, peakMib } from '../support/peak-memory.ts';
import { objectPath } from '../support/s3.ts';
import { startServerProcess } from './server-process.ts';

const FOLLOWERS = 100;
/** Of them, who stop reading after the first part. */
const SLOW = 25;
const PART_MIB = 8;
const PARTS = 8;
/** Slabs for 100 bodies and the common budget of two threads are 37 MiB. What the slow ones have not read is 1,400 MiB. */
const GROWTH_MIB_MAX = 160;
const BUCKET = 'followed';

const skip = needsPeakMemory;

/** Who writes: part by part, the first one being there already. */
interface Writer {
  readonly uploadId: string;
  part(number: number): Promise<void>;
  end(): Promise<void>;
}

const dataDir = await mkdtemp(join(tmpdir(), 'cistern-followers-'));
after(() => rm(dataDir, { recursive: true, force: true }));
// Who is slow here is slow on purpose.
const settings = ['--buckets', BUCKET, '--threads', '2', '--min-throughput', '0'];
const server = skip === false ? await startServerProcess(dataDir, settings) : undefined;
const atStart = server === undefined ? 0 : peakMib(server.child.pid);

function partOf(content: NumberedBlocks, number: number): Buffer {
  const first = (number - 1) * PART_MIB;
  return Buffer.concat(Array.from({ length: PART_MIB }, (_, i) => content.block(first + i)));
}

async function livePut(key: string, content: NumberedBlocks): Promise<Writer> {
  const { s3 } = server ?? assert.fail();
  const put = await startLivePut(s3, objectPath(BUCKET, key));
  const part = (number: number): Promise<void> => put.send(partOf(content, number));
  await part(1);
  const [uploadId = ''] = await uploadsOf(s3, BUCKET, key);
  return {
    uploadId,
    part,
    end: async () => {
      const answer = await put.end();
      assert.equal(answer.status, 200, answer.body.toString());
      put.connection.close();
    },
  };
}

async function multipart(key: string, content: NumberedBlocks): Promise<Writer> {
  const { s3 } = server ?? assert.fail();
  const upload = await MultipartUpload.begin(s3, BUCKET, key);
  const sent: Awaited<ReturnType<MultipartUpload['part']>>[] = [];
  const part = async (number: number): Promise<void> => {
    sent.push(await upload.part(number, partOf(content, number)));
  };
  await part(1);
  return {
    uploadId: upload.id,
    part,
    end: async () => {
      const answer = await upload.complete(sent);
      assert.equal(answer.status, 200, answer.text);
    },
  };
}

async function crowdFollows(
  key: string,
  begin: (key: string, content: NumberedBlocks) => Promise<Writer>,
): Promise<void> {
  const { s3, child } = server ?? assert.fail();
  const content = new NumberedBlocks();
  const writer = await begin(key, content);
  const path = objectPath(BUCKET, key);
  const { uploadId } = writer;
  const followers = Array.from(
    { length: FOLLOWERS },
    () => new CheckedFollower(s3, { path, uploadId, checker: content.comparer() }),
  );
  const slow = followers.slice(0, SLOW);
  const fast = followers.slice(SLOW);
  for (let number = 1; number <= PARTS; number++) {
    if (number > 1) await writer.part(number);
    const readers = number === 1 ? followers : fast;
    await Promise.all(readers.map((reader) => reader.until(number * PART_MIB * MIB)));
    if (number === 1) for (const reader of slow) reader.pause();
  }
  await writer.end();
  await Promise.all(fast.map((reader) => reader.ended));
  // Nobody sends them on any more but the object that the upload has become.
  for (const reader of slow) reader.resume();
  await Promise.all(slow.map((reader) => reader.ended));
  for (const { received } of followers) assert.equal(received, PARTS * PART_MIB * MIB);
  const growth = peakMib(child.pid) - atStart;
  assert.ok(growth < GROWTH_MIB_MAX, `it took ${growth} MiB`);
  assert.equal(server?.log(), '');
}

test('a hundred follow one live PUT', { skip }, () => crowdFollows('live', livePut));

test('a hundred follow one multipart upload', { skip }, () => crowdFollows('multipart', multipart));

after(() => server?.kill());
