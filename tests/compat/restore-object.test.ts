/**
 * @module RestoreObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html, and what cannot be done
 * with an archived object before: https://docs.aws.amazon.com/AmazonS3/latest/userguide/archived-objects.html.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, test } from 'node:test';

import { startServer } from 'cistern';

import { expectError, expectStatus } from '../support/expect.ts';
import { S3, type S3Response } from '../support/s3.ts';
import { needsOwnServer, REGION, startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';
import { sumRows } from '../../packages/server/src/catalog/sqlite/sum-rows.testing.ts';

const DAY_MS = 24 * 3600 * 1000;

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

function request(days: number | string, tier?: string): string {
  const job = tier === undefined ? '' : `<GlacierJobParameters><Tier>${tier}</Tier></GlacierJobParameters>`;
  return `<RestoreRequest xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Days>${days}</Days>${job}</RestoreRequest>`;
}

function restore(key: string, body: string, client = s3, from = bucket): Promise<S3Response> {
  return client.object('POST', from, key, { query: 'restore', body });
}

/** Until when the object can be read, as HEAD says. */
async function restoredUntil(key: string): Promise<number> {
  const { headers } = await s3.object('HEAD', bucket, key);
  const [, date] =
    /^ongoing-request="false", expiry-date="([^"]+)"$/.exec(headers['x-amz-restore'] ?? '') ?? [];
  return Date.parse(date ?? '');
}

async function archive(key: string, body: string, name = 'GLACIER'): Promise<void> {
  await s3.put(bucket, key, body, { 'x-amz-storage-class': name });
}

for (const name of ['GLACIER', 'DEEP_ARCHIVE']) {
  suite(`an object of ${name}`, () => {
    const key = `archived/${name}`;

    test('is described, and not given, before it is restored', async () => {
      await archive(key, 'frozen', name);
      const { status, headers } = await s3.object('HEAD', bucket, key);
      assert.equal(status, 200);
      assert.equal(headers['x-amz-storage-class'], name);
      assert.equal(headers['x-amz-restore'], undefined);
      assert.equal(headers['content-length'], '6');
      for (const range of [{}, { range: 'bytes=0-1' }]) {
        const refused = await s3.object('GET', bucket, key, { headers: range });
        expectError(refused, 403, 'InvalidObjectState');
        assert.equal(text(refused.text, 'StorageClass'), name);
      }
      for (const to of ['thawed', key]) {
        const headersOfCopy = { 'x-amz-copy-source': `/${bucket}/${key}`, 'x-amz-storage-class': 'STANDARD' };
        expectError(
          await s3.object('PUT', bucket, to, { headers: headersOfCopy }),
          403,
          'InvalidObjectState',
        );
      }
    });

    test('is given for as many days as asked, to the end of the last, and says so', async () => {
      const before = Date.now();
      expectStatus(await restore(key, request(3, 'Standard')), 202);
      const until = await restoredUntil(key);
      assert.equal(until % DAY_MS, 0);
      assert.ok(until >= before + 3 * DAY_MS && until <= Date.now() + 4 * DAY_MS);
      const read = await s3.object('GET', bucket, key);
      expectStatus(read, 200);
      assert.equal(read.text, 'frozen');
      assert.equal(read.headers['x-amz-storage-class'], name);
      assert.ok(read.headers['x-amz-restore']?.startsWith('ongoing-request="false"'));
    });

    test('is given for longer or shorter when asked again, counted from then', async () => {
      const before = await restoredUntil(key);
      expectStatus(await restore(key, request(10)), 200);
      assert.equal(await restoredUntil(key), before + 7 * DAY_MS);
      expectStatus(await restore(key, request(1)), 200);
      assert.equal(await restoredUntil(key), before - 2 * DAY_MS);
    });

    test('can be copied once it is restored, and the copy is not archived, or not restored', async () => {
      const source = { 'x-amz-copy-source': `/${bucket}/${key}` };
      expectStatus(await s3.object('PUT', bucket, 'thawed', { headers: source }), 200);
      const { text: body, headers } = await s3.object('GET', bucket, 'thawed');
      assert.equal(body, 'frozen');
      assert.equal(headers['x-amz-restore'], undefined);
      const archived = { ...source, 'x-amz-storage-class': name };
      expectStatus(await s3.object('PUT', bucket, 'frozen-again', { headers: archived }), 200);
      expectError(await s3.object('GET', bucket, 'frozen-again'), 403, 'InvalidObjectState');
    });

    test('is archived anew when it is written anew', async () => {
      await archive(key, 'newer', name);
      expectError(await s3.object('GET', bucket, key), 403, 'InvalidObjectState');
    });
  });
}

test('other classes can be read at once, and are not restored', async () => {
  for (const name of ['STANDARD', 'STANDARD_IA', 'GLACIER_IR']) {
    await archive(`plain/${name}`, 'at hand', name);
    assert.equal((await s3.object('GET', bucket, `plain/${name}`)).text, 'at hand');
    expectError(await restore(`plain/${name}`, request(1)), 403, 'InvalidObjectState');
  }
});

test('what is not there cannot be restored', async () => {
  expectError(await restore('absent', request(1)), 404, 'NoSuchKey');
  const response = await s3.object('POST', bucket, 'absent', {
    query: 'restore&versionId=nonsense',
    body: request(1),
  });
  expectError(response, 400, 'InvalidArgument');
});

test('a request that cannot be meant is refused', async () => {
  await archive('asked', 'x');
  expectError(await restore('asked', ''), 400, 'MissingRequestBodyError');
  expectError(await restore('asked', request('soon')), 400, 'MalformedXML');
  expectError(await restore('asked', request(0)), 400, 'InvalidArgument');
  expectError(await restore('asked', request(1, 'Now')), 400, 'MalformedXML');
  const select = '<RestoreRequest><Type>SELECT</Type></RestoreRequest>';
  expectError(await restore('asked', select), 501, 'NotImplemented');
  expectError(await s3.object('GET', bucket, 'asked'), 403, 'InvalidObjectState');
});

test('survives a restart, and ends when its time is over', { skip: needsOwnServer }, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-restore-'));
  const start = async (): Promise<{ client: S3; close: () => Promise<void> }> => {
    const server = await startServer({ dataDir, buckets: ['cold'] });
    const client = new S3({ endpoint: server.endpoint, credentials: server.credentials, region: REGION });
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => (closing ??= client.close().then(() => server.close()));
    t.after(close);
    return { client, close };
  };
  const first = await start();
  await first.client.put('cold', 'key', 'frozen', { 'x-amz-storage-class': 'GLACIER' });
  expectStatus(await restore('key', request(1), first.client, 'cold'), 202);
  await first.close();

  const second = await start();
  assert.equal((await second.client.object('GET', 'cold', 'key')).text, 'frozen');
  await second.close();

  // Two days go by.
  const db = new DatabaseSync(join(dataDir, 'catalog.db'));
  db.exec(`UPDATE versions SET restored_until_ms = restored_until_ms - ${2 * DAY_MS}`);
  sumRows(db, 'versions');
  db.close();

  const third = await start();
  expectError(await third.client.object('GET', 'cold', 'key'), 403, 'InvalidObjectState');
  const { headers } = await third.client.object('HEAD', 'cold', 'key');
  assert.equal(headers['x-amz-restore'], undefined);
  expectStatus(await restore('key', request(1), third.client, 'cold'), 202);
  assert.equal((await third.client.object('GET', 'cold', 'key')).text, 'frozen');
  await third.close();
  await rm(dataDir, { recursive: true, force: true });
});
