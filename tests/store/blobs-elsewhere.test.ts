/**
 * A server whose blobs are in another store: an S3 server of ours, one that is not ours, Azure's emulator. What large
 * objects consist of is there and nowhere else; the rest of the server does not know.
 */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { open } from '@cistern/store';
import type { Store } from '@cistern/store';
import { azureService } from '@cistern/store/azure';
import { runFsck } from '@cistern/server';
import { startServer } from 'cistern';
import type { CisternServer } from 'cistern';
import { startAzurite, withoutAzurite } from '../support/azurite.ts';
import { eventually } from '../support/eventually.ts';
import { expectError, expectStatus } from '../support/expect.ts';
import { startHttpFaults } from '../support/http-faults.ts';
import { S3 } from '../support/s3.ts';
import { needsS3rver, startS3rver } from '../support/s3rver.ts';

interface Elsewhere {
  readonly url: string;
  /** what the server finds the credentials in */
  readonly environment: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

const keys = (credentials: { accessKeyId: string; secretAccessKey: string }): Record<string, string> => ({
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
});

const PLACES: readonly {
  readonly name: string;
  readonly skip: string | false;
  start(): Promise<Elsewhere>;
}[] = [
  {
    name: 'another Cistern',
    skip: false,
    start: async () => {
      const other = await startServer({ buckets: ['blobs'] });
      const url = `s3://blobs/here?endpoint=${encodeURIComponent(other.endpoint)}`;
      return { url, environment: keys(other.credentials), close: () => other.close() };
    },
  },
  {
    name: 'an S3 server that is not ours',
    skip: needsS3rver,
    start: async () => {
      const other = await startS3rver(['blobs']);
      const url = `s3://blobs/here?endpoint=${encodeURIComponent(other.endpoint)}`;
      return { url, environment: keys(other.credentials), close: other.close };
    },
  },
  {
    name: 'Azure’s emulator',
    skip: withoutAzurite,
    start: async () => {
      const azurite = await startAzurite();
      const { endpoint, account, accountKey } = azurite;
      await using service = azureService({ endpoint, account, accountKey });
      await service.createBucket('blobs');
      return {
        url: `az://blobs/here?endpoint=${encodeURIComponent(endpoint)}`,
        environment: { AZURE_STORAGE_ACCOUNT: account, AZURE_STORAGE_KEY: accountKey },
        close: () => azurite.stop(),
      };
    },
  },
];

/** Sets variables; returns what sets them back. */
function setEnvironment(variables: Readonly<Record<string, string>>): () => void {
  const earlier = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of earlier) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

test('while the store is away what needs it is answered 503, and nothing is lost', async () => {
  await using other = await startServer({ buckets: ['blobs'] });
  await using way = await startHttpFaults(other.endpoint);
  const restore = setEnvironment(keys(other.credentials));
  await using server = await startServer({
    blobs: { url: `s3://blobs/here?endpoint=${encodeURIComponent(way.origin)}`, cacheBytes: 0 },
  });
  const s3 = new S3({ endpoint: server.endpoint, credentials: server.credentials, region: server.region });
  try {
    const body = randomBytes(200_000);
    await s3.send('PUT', '/bucket');
    await s3.send('PUT', '/bucket/before', { body });
    way.rule = () => 'lose-request';
    const [put, get, small] = await Promise.all([
      s3.send('PUT', '/bucket/while', { body: randomBytes(200_000) }),
      s3.send('GET', '/bucket/before'),
      s3.send('PUT', '/bucket/small', { body: 'in the catalog' }),
    ]);
    expectError(put, 503, 'ServiceUnavailable');
    expectError(get, 503, 'ServiceUnavailable');
    expectStatus(small, 200);
    way.rule = () => 'pass';
    assert.deepEqual((await s3.send('GET', '/bucket/before')).body, body);
    expectError(await s3.send('GET', '/bucket/while'), 404, 'NoSuchKey');
    expectStatus(await s3.send('PUT', '/bucket/while', { body }), 200);
    assert.deepEqual((await s3.send('GET', '/bucket/while')).body, body);
  } finally {
    await s3.close();
    restore();
  }
});

const SIZE = 3 * 1024 * 1024 + 7;

for (const place of PLACES) {
  suite(`blobs in ${place.name}`, { skip: place.skip }, () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'cistern-elsewhere-'));
    let restore = (): void => undefined;
    let elsewhere: Elsewhere;
    let server: CisternServer;
    let s3: S3;
    let blobs: Store;

    const start = async (): Promise<void> => {
      server = await startServer({ dataDir, blobs: { url: elsewhere.url, cacheBytes: 1024 * 1024 } });
      s3 = new S3({ endpoint: server.endpoint, credentials: server.credentials, region: server.region });
    };
    const stop = async (): Promise<void> => {
      await s3.close();
      await server.close();
    };
    const stored = (): Promise<string[]> => Array.fromAsync(blobs.keys('blobs/'));
    const fsck = (): ReturnType<typeof runFsck> => {
      const config = { url: elsewhere.url, cache: { bytes: 0, directory: null } };
      return runFsck({ dataDir, live: false, quick: false, blobs: config });
    };

    before(async () => {
      elsewhere = await place.start();
      restore = setEnvironment(elsewhere.environment);
      blobs = await open(elsewhere.url);
      await start();
      await s3.send('PUT', '/bucket');
    });
    after(async () => {
      await stop();
      await blobs.close();
      await elsewhere.close();
      restore();
      rmSync(dataDir, { recursive: true, force: true });
    });

    test('an object comes back, whole and by range, and its bytes are there alone', async () => {
      const body = randomBytes(SIZE);
      assert.equal((await s3.send('PUT', '/bucket/large', { body })).status, 200);
      assert.deepEqual((await s3.send('GET', '/bucket/large')).body, body);
      const range = await s3.send('GET', '/bucket/large', { headers: [['range', 'bytes=1000000-1000099']] });
      assert.deepEqual(range.body, body.subarray(1_000_000, 1_000_100));
      const [key = '', ...others] = await stored();
      assert.deepEqual(others, []);
      const hash = createHash('sha256')
        .update(await blobs.get(key).bytes())
        .digest('hex');
      assert.equal(hash, createHash('sha256').update(body).digest('hex'));
      const here = readdirSync(join(dataDir, 'blobs'), { recursive: true, withFileTypes: true });
      assert.deepEqual(
        here.filter((entry) => entry.isFile()),
        [],
      );
    });

    test('the same content is stored once, also when it is put many times at once', async () => {
      const earlier = (await stored()).length;
      const body = randomBytes(SIZE);
      const puts = Array.from({ length: 6 }, (_, i) => s3.send('PUT', `/bucket/same-${i}`, { body }));
      for (const { status } of await Promise.all(puts)) assert.equal(status, 200);
      for (let i = 0; i < 6; i++) assert.deepEqual((await s3.send('GET', `/bucket/same-${i}`)).body, body);
      await eventually(async () => assert.equal((await stored()).length, earlier + 1));
    });

    test('copies take nothing, and what is deleted is gone', async () => {
      const body = randomBytes(SIZE);
      await s3.send('PUT', '/bucket/one', { body });
      const count = (await stored()).length;
      await s3.send('PUT', '/bucket/two', { headers: [['x-amz-copy-source', '/bucket/one']] });
      assert.equal((await stored()).length, count);
      await s3.send('DELETE', '/bucket/one');
      assert.deepEqual((await s3.send('GET', '/bucket/two')).body, body);
      await s3.send('DELETE', '/bucket/two');
      await eventually(async () => assert.equal((await stored()).length, count - 1));
    });

    test('a restart finds everything, and a check finds nothing wrong', async () => {
      const body = randomBytes(SIZE);
      await s3.send('PUT', '/bucket/stays', { body });
      await stop();
      const report = await fsck();
      assert.deepEqual(report.problems, []);
      assert.ok(report.checked.files > 0);
      await start();
      assert.deepEqual((await s3.send('GET', '/bucket/stays')).body, body);
    });

    test('a check tells what is damaged or missing there', async () => {
      const earlier = await stored();
      await s3.send('PUT', '/bucket/damaged', { body: randomBytes(SIZE) });
      const damaged = (await stored()).find((key) => !earlier.includes(key)) ?? '';
      await s3.send('PUT', '/bucket/missing', { body: randomBytes(SIZE) });
      const missing = (await stored()).find((key) => key !== damaged && !earlier.includes(key)) ?? '';
      await stop();
      await blobs.put(damaged, randomBytes(SIZE));
      await blobs.delete(missing);
      const report = await fsck();
      assert.deepEqual(report.problems.map(({ kind, path }) => `${kind} ${path}`).sort(), [
        `blob-damaged ${damaged}`,
        `blob-missing ${missing}`,
      ]);
      await start();
      await s3.send('DELETE', '/bucket/damaged');
      await s3.send('DELETE', '/bucket/missing');
    });

    test('without the store, or with another data directory, nothing starts', async () => {
      await stop();
      await assert.rejects(startServer({ dataDir }), /start with --blobs URL/);
      await assert.rejects(startServer({ blobs: { url: elsewhere.url } }), /blobs of another data directory/);
      await start();
    });
  });
}
