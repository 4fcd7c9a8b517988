/** `sync` with buckets, on our own server: inside the service between its buckets, and from and to other stores. */

import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { connect, memory, sync, toStore } from '@cistern/store';
import type { Store } from '@cistern/store';
import { prefix } from '@cistern/store/layers';
import { serverSideCopy } from '@cistern/store/sync';
import { REGION, startTestServer } from '../support/server.ts';

const { s3: server } = await startTestServer({ buckets: ['one', 'two'] });
const { endpoint, credentials } = server;
const service = await connect(endpoint, credentials, { region: REGION });
after(() => service.close());

async function contents(store: Store): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const key of store.keys()) found[key] = await store.get(key).text();
  return found;
}

suite('sync with buckets', () => {
  test('between buckets, and then there is nothing to do', async () => {
    const [one, two] = [service.bucket('one'), service.bucket('two')];
    assert.ok(serverSideCopy(one.inner, two.inner), 'bytes do not pass through here');
    await one.put('a b/ü', 'text', { attributes: { contentType: 'text/plain', metadata: { by: 'me' } } });
    await one.put('same', '1');
    await two.put('same', '2');
    await two.put('extra', '');
    const first = await sync(one, two, { delete: true }).finish();
    assert.deepEqual(first, {
      copied: 1,
      updated: 1,
      deleted: 1,
      skipped: 0,
      failed: 0,
      bytes: 5,
      isComplete: true,
    });
    assert.deepEqual(await contents(two), { 'a b/ü': 'text', same: '1' });
    assert.equal((await two.head('a b/ü')).attributes.metadata?.['by'], 'me');
    assert.equal((await sync(one, two, { delete: true }).finish()).skipped, 2);
  });

  test('to a store whose etags say something else, and back', async () => {
    const [one, local] = [service.bucket('one'), memory()];
    await one.put('large', new Uint8Array(12_000_000).fill(7));
    const { copied } = await sync(one, local).finish();
    const again = await sync(one, local).finish();
    assert.deepEqual([again.copied, again.updated, again.skipped], [0, 0, copied]);
    const back = prefix('back/', service.bucket('two'));
    assert.equal(serverSideCopy(toStore(local).inner, back.inner), undefined);
    assert.equal((await sync(local, back).finish()).copied, copied);
    assert.equal((await sync(local, back, { compare: 'checksum' }).finish()).skipped, copied);
  });

  test('another service, or other keys, are no way for copies inside', async () => {
    const other = await connect(endpoint, { ...credentials, accessKeyId: 'other' }, { region: REGION });
    after(() => other.close());
    assert.equal(serverSideCopy(other.bucket('one').inner, service.bucket('two').inner), undefined);
  });
});
