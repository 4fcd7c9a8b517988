/**
 * @module The minimum-throughput rule: a client that stalls is cut off, one that is slow and steady is not.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { eventually } from '../support/eventually.ts';
import { contents } from '../support/expect.ts';
import { formatHead, RawConnection } from '../support/raw-http.ts';
import { objectPath } from '../support/s3.ts';
import { dataFiles, needsOwnServer, startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

/** A window that a busy test machine does not oversleep. */
const WINDOW_MS = 1500;
/** More than socket buffers hold. */
const LARGE = Buffer.alloc(32 << 20);
/** As many bytes again, in objects that are sent at once. */
const SMALL = Buffer.alloc(64 << 10);
const SMALL_READS = 200;
const { s3, dataDir } = await startTestServer({
  throughput: { bytesPerSecondMin: 1000, windowMs: WINDOW_MS },
});
const bucket = await s3.freshBucket();
const options = { skip: needsOwnServer, concurrency: true };

async function begin(key: string, length: number): Promise<RawConnection> {
  const request = s3.prepare('PUT', objectPath(bucket, key), { payload: 'UNSIGNED-PAYLOAD' });
  const connection = await RawConnection.open(s3.endpoint);
  await connection.send(
    formatHead('PUT', request.target, [...request.headers, ['content-length', String(length)]]),
  );
  return connection;
}

test('slow clients', options, async (t) => {
  await s3.put(bucket, 'large', LARGE);
  await s3.put(bucket, 'small', SMALL);
  const files = await dataFiles(dataDir);
  const cases: Promise<void>[] = [];

  cases.push(
    t.test('a body that stalls is answered with RequestTimeout, and the connection closed', async () => {
      const stalls = [100, 500_000].map(async (sent) => {
        const connection = await begin(`stalled-${sent}`, 1_000_000);
        await connection.send(Buffer.alloc(sent));
        const response = await connection.read();
        assert.deepEqual([response.status, text(response.body.toString(), 'Code')], [400, 'RequestTimeout']);
        await connection.closed();
      });
      await Promise.all(stalls);
    }),
    t.test('a reader that stalls is cut off, before the end of what it asked for', async () => {
      const connection = await RawConnection.open(s3.endpoint);
      const request = s3.prepare('GET', objectPath(bucket, 'large'));
      connection.pause();
      await connection.send(formatHead('GET', request.target, request.headers));
      await delay(4 * WINDOW_MS);
      connection.resume();
      assert.ok((await connection.drain()) < LARGE.length, 'the whole object was sent');
    }),
    t.test('a reader that stalls over many small answers is cut off too', async () => {
      const connection = await RawConnection.open(s3.endpoint);
      const request = s3.prepare('GET', objectPath(bucket, 'small'));
      connection.pause();
      await connection.send(formatHead('GET', request.target, request.headers).repeat(SMALL_READS));
      await delay(4 * WINDOW_MS);
      connection.resume();
      assert.ok((await connection.drain()) < SMALL.length * SMALL_READS, 'all answers were sent');
    }),
    t.test('an idle connection is kept', async () => {
      const connection = await RawConnection.open(s3.endpoint);
      const request = s3.prepare('GET', objectPath(bucket, 'small'));
      for (let i = 0; i < 2; i++) {
        await delay(2 * WINDOW_MS);
        await connection.send(formatHead('GET', request.target, request.headers));
        assert.equal((await connection.read()).status, 200);
      }
      connection.close();
    }),
    t.test('a body that drips below the rule is cut off too', async () => {
      const connection = await begin('dripping', 1_000_000);
      const drip = setInterval(() => void connection.send('x'), 50);
      await connection.closed();
      clearInterval(drip);
    }),
    t.test('a body that is slow but above the rule goes through, over several windows', async () => {
      const piece = Buffer.alloc(2000, 'a');
      const pieces = Math.ceil((3 * WINDOW_MS) / 100);
      const connection = await begin('steady', piece.length * pieces);
      for (let i = 0; i < pieces; i++) {
        await connection.send(piece);
        await delay(100);
      }
      const response = await connection.read();
      assert.equal(response.status, 200, response.body.toString());
      connection.close();
    }),
  );
  await Promise.all(cases);

  await eventually(async () => {
    const keys = (await contents(s3, bucket)).map((line) => line.split(' ')[0]);
    assert.deepEqual(keys, ['large', 'small', 'steady']);
    const added = (await dataFiles(dataDir)).filter((file) => !files.includes(file));
    assert.ok(added.length <= 1, `left behind: ${added.join(', ')}`);
  });
});
