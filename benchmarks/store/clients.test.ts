/** Each measured client does every row's work, on a small volume. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { startServer } from 'cistern';
import type { CisternServer } from 'cistern';
import { withoutAzurite } from '../../tests/support/azurite.ts';
import { startAzuriteTarget } from './azurite.ts';
import type { ClientTarget } from './clients/client.ts';
import { CLIENTS } from './clients/index.ts';
import { INSTALL } from './peers.ts';
import { doWork, getKey, GET_KEYS, LARGE_KEY, largeBody, listKey, ROWS } from './work.ts';

const BUCKET = 'bench-store';
// Parts are cut from the first byte above their size.
const VOLUME = { durationMs: 50, objectBytes: 4096, largeBytes: 12 * 1024 * 1024 + 3, keys: 1005 };

async function works(name: string, target: ClientTarget): Promise<void> {
  const entry = CLIENTS.find((client) => client.name === name);
  const client = await (await entry?.load())?.openClient(target);
  assert.ok(client !== undefined);
  for (let index = 0; index < GET_KEYS; index += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => client.put(getKey(index + i), new Uint8Array(4096))),
    );
  }
  for (let index = 0; index < VOLUME.keys; index += 67) {
    const count = Math.min(67, VOLUME.keys - index);
    await Promise.all(
      Array.from({ length: count }, (_, i) => client.put(listKey(index + i), new Uint8Array(1))),
    );
  }
  await client.putStream(LARGE_KEY, largeBody(VOLUME.largeBytes, 1), VOLUME.largeBytes);
  for (const row of ROWS) {
    const { operations } = await doWork(client, row, VOLUME, 7);
    assert.ok(operations > 0, row.id);
  }
  await client.close();
}

suite('clients of S3', () => {
  let server: CisternServer;
  before(async () => {
    server = await startServer({ buckets: [BUCKET] });
  });
  after(() => server.close());
  for (const { name, service, available } of CLIENTS) {
    if (service !== 's3') continue;
    test(name, { skip: !available && `needs ${name}: ${INSTALL}` }, async () => {
      const { endpoint, region, credentials } = server;
      await works(name, { endpoint, region, ...credentials, bucket: BUCKET });
    });
  }
});

suite('clients of Azure', { skip: withoutAzurite }, () => {
  let azurite: Awaited<ReturnType<typeof startAzuriteTarget>>;
  before(async () => {
    azurite = await startAzuriteTarget(BUCKET);
  });
  after(() => azurite.stop());
  for (const { name, service, available } of CLIENTS) {
    if (service !== 'azure') continue;
    test(name, { skip: !available && `needs ${name}: ${INSTALL}` }, () => works(name, azurite.target));
  }
});
