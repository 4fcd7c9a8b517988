/**
 * @module AbortMultipartUpload: https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../support/eventually.ts';
import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { MultipartUpload, partBytes } from '../support/multipart.ts';
import { dataFiles, needsBlobFiles, needsOwnServer, startTestServer } from '../support/server.ts';
import { texts } from '../support/xml.ts';

const { s3, dataDir } = await startTestServer();
const bucket = await s3.freshBucket();

async function blobFiles(): Promise<string[]> {
  return (await dataFiles(dataDir)).filter((path) => path.startsWith('blobs/'));
}

test('ends the upload: nothing of it is seen, and nothing can be done with it any more', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'k');
  const part = await upload.part(1, 'bytes');
  await leavesUnchanged(s3, bucket, async () => {
    const response = await upload.abort();
    expectStatus(response, 204);
    assert.equal(response.body.length, 0);
    expectError(await upload.abort(), 404, 'NoSuchUpload');
    expectError(await upload.list(), 404, 'NoSuchUpload');
    expectError(await upload.put(2, 'more'), 404, 'NoSuchUpload');
    expectError(await upload.copy(2, `${bucket}/k`), 404, 'NoSuchUpload');
    expectError(await upload.complete([part]), 404, 'NoSuchUpload');
  });
  assert.deepEqual(texts((await s3.bucket('GET', bucket, { query: 'uploads' })).text, 'UploadId'), []);
});

test('an upload that is not there, is of another key, or is complete: NoSuchUpload', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'k');
  const abort = (key: string, uploadId: string): ReturnType<typeof s3.object> =>
    s3.object('DELETE', bucket, key, { query: { uploadId } });
  expectError(await abort('k', 'x'), 404, 'NoSuchUpload');
  expectError(await abort('other', upload.id), 404, 'NoSuchUpload');
  const part = await upload.part(1, 'bytes');
  expectStatus(await upload.complete([part]), 200);
  expectError(await upload.abort(), 404, 'NoSuchUpload');
  assert.equal((await s3.object('GET', bucket, 'k')).text, 'bytes');
});

test('of aborting and completing at once one wins', async () => {
  for (let round = 0; round < 10; round++) {
    const key = `race-${round}`;
    const upload = await MultipartUpload.begin(s3, bucket, key);
    const part = await upload.part(1, 'bytes');
    const [complete, abort] = await Promise.all([upload.complete([part]), upload.abort()]);
    const read = await s3.object('GET', bucket, key);
    if (complete.status === 200) {
      expectError(abort, 404, 'NoSuchUpload');
      assert.equal(read.text, 'bytes');
    } else {
      expectError(complete, 404, 'NoSuchUpload');
      expectStatus(abort, 204);
      expectError(read, 404, 'NoSuchKey');
    }
  }
});

test('parts that arrive while it is aborted leave nothing behind', { skip: needsOwnServer }, async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'racing');
  await upload.part(1, partBytes(200_000));
  const sending = Array.from({ length: 6 }, (_, i) => upload.put(i + 2, partBytes(200_000)));
  const [abort, ...parts] = await Promise.all([upload.abort(), ...sending]);
  expectStatus(abort, 204);
  for (const part of parts) if (part.status !== 200) expectError(part, 404, 'NoSuchUpload');
  await eventually(async () => assert.deepEqual(await blobFiles(), []));
});

test(
  'the bytes of what was aborted, replaced, left out and deleted are gone',
  { skip: needsBlobFiles },
  async () => {
    const aborted = await MultipartUpload.begin(s3, bucket, 'aborted');
    await aborted.part(1, partBytes(200_000));
    const done = await MultipartUpload.begin(s3, bucket, 'done');
    await done.part(1, partBytes(200_000));
    const part = await done.part(1, partBytes(200_000));
    await done.part(2, partBytes(200_000));
    assert.notDeepEqual(await blobFiles(), []);
    expectStatus(await aborted.abort(), 204);
    expectStatus(await done.complete([part]), 200);
    await eventually(async () => assert.equal((await blobFiles()).length, 1));
    expectStatus(await s3.object('DELETE', bucket, 'done'), 204);
    await eventually(async () => assert.deepEqual(await blobFiles(), []));
  },
);

test('a bucket with an unfinished upload can be deleted', async () => {
  const other = await s3.freshBucket();
  const upload = await MultipartUpload.begin(s3, other, 'k');
  await upload.part(1, 'bytes');
  expectStatus(await s3.bucket('DELETE', other), 204);
  expectError(await upload.put(2, 'more'), 404, 'NoSuchBucket');
});
