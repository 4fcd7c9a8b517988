/**
 * @module What was acknowledged is seen by every later request, on whichever connection and HTTP thread it arrives.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';

import { expectStatus } from '../support/expect.ts';
import { eventually } from '../support/eventually.ts';
import { listedKeys } from '../support/listing.ts';
import { formatHead, RawConnection } from '../support/raw-http.ts';
import { objectPath, S3 } from '../support/s3.ts';
import { dataFiles, needsOwnServer, startTestServer } from '../support/server.ts';

const { s3, dataDir } = await startTestServer({ threads: 2 });
const bucket = await s3.freshBucket();

/** Connections of their own: the system deals them out to the threads, so that eight hardly meet one thread only. */
const clients = Array.from(
  { length: 8 },
  () => new S3({ endpoint: s3.endpoint, credentials: s3.credentials, region: s3.region }),
);
after(() => Promise.all(clients.map((client) => client.close())));

for (const size of [100, 200_000]) {
  test(`of ${size} bytes: a put, an overwrite and a delete are seen by all, at once`, async () => {
    for (let round = 0; round < 8; round++) {
      const writer = clients[round % clients.length] as S3;
      for (const body of [randomBytes(size), randomBytes(size)]) {
        await writer.put(bucket, 'key', body);
        const reads = await Promise.all(clients.map((client) => client.object('GET', bucket, 'key')));
        for (const read of reads) assert.ok(read.body.equals(body), 'an old state was read');
      }
      expectStatus(await writer.object('DELETE', bucket, 'key'), 204);
      const heads = await Promise.all(clients.map((client) => client.object('HEAD', bucket, 'key')));
      assert.deepEqual(new Set(heads.map(({ status }) => status)), new Set([404]));
    }
  });
}

test('a listing shows what was put and not what was deleted, on every connection', async () => {
  const present = new Set<string>();
  for (let round = 0; round < 24; round++) {
    const key = `k${round % 10}`;
    const writer = clients[round % clients.length] as S3;
    if (present.delete(key)) expectStatus(await writer.object('DELETE', bucket, key), 204);
    else {
      await writer.put(bucket, key, 'x');
      present.add(key);
    }
    const query = { 'list-type': '2' };
    const lists = await Promise.all(clients.map((client) => client.bucket('GET', bucket, { query })));
    for (const list of lists) assert.deepEqual(listedKeys(list), [...present].toSorted());
  }
});

test(
  'a reader who takes his time gets the whole object, and keeps none from being deleted',
  { skip: needsOwnServer },
  async () => {
    // More than socket buffers hold.
    const body = Buffer.alloc(32 << 20, randomBytes(1000));
    await s3.put(bucket, 'slow', body);
    const request = s3.prepare('GET', objectPath(bucket, 'slow'));
    const reader = await RawConnection.open(s3.endpoint);
    await reader.send(formatHead('GET', request.target, request.headers));
    // Its first bytes have come: it is being read.
    await reader.started();
    reader.pause();
    await s3.put(bucket, 'other', randomBytes(100_000));
    for (const key of ['slow', 'other']) expectStatus(await s3.object('DELETE', bucket, key), 204);
    await eventually(async () => {
      assert.deepEqual(
        (await dataFiles(dataDir)).filter((file) => file.startsWith('blobs/')),
        [],
      );
    });
    reader.resume();
    const response = await reader.read();
    assert.equal(response.status, 200);
    assert.ok(response.body.equals(body));
    reader.close();
  },
);

test('a bucket is there for all once it was created, and gone once it was deleted', async () => {
  for (let round = 0; round < 6; round++) {
    const writer = clients[round % clients.length] as S3;
    const name = await writer.freshBucket('seen');
    const there = await Promise.all(clients.map((client) => client.bucket('HEAD', name)));
    assert.deepEqual(new Set(there.map(({ status }) => status)), new Set([200]));
    expectStatus(await writer.bucket('DELETE', name), 204);
    const gone = await Promise.all(clients.map((client) => client.object('PUT', name, 'k', { body: 'x' })));
    assert.deepEqual(new Set(gone.map(({ status }) => status)), new Set([404]));
  }
});
