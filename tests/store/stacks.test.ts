/** Stacks of layers as people build them, over real stores: the contract of stores, and what a zip in a bucket costs to read. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, suite, test } from 'node:test';
import { memory } from '@cistern/store';
import type { ObjectStore } from '@cistern/store';
import { cache, compress, encrypt, fanout, limit, observe, prefix, retry } from '@cistern/store/layers';
import { s3 } from '@cistern/store/s3';
import { contract } from '@cistern/store/testing';
import { zip } from '@cistern/store/zip';
import { startCountingProxy } from '../support/counting-proxy.ts';
import { openSpec } from '../support/open-spec.ts';
import { startStoreKinds } from '../support/store-kinds.ts';
import type { StoreKind } from '../support/store-kinds.ts';

const { files, sqlite, s3: bucket } = await startStoreKinds();
const KEYS = { one: randomBytes(32) };

async function made(kind: StoreKind): Promise<ObjectStore> {
  const spec = await kind.make();
  // Thousands of small writes: to sync each of them shows nothing more here.
  return openSpec(spec.kind === 'files' ? { ...spec, durable: false } : spec);
}

const STACKS: Readonly<Record<string, () => Promise<ObjectStore>>> = {
  'retry(prefix(files))': async () => retry(5, prefix('some/folder/', await made(files))),
  'cache(files in front of s3)': async () =>
    cache({ store: await made(files), bytes: 1e8, writes: 'through' }, await made(bucket)),
  'encrypt(compress(s3))': async () =>
    encrypt({ keys: KEYS, current: 'one' }, compress({}, await made(bucket))),
  'fanout(files, sqlite, memory)': async () => fanout([await made(files), await made(sqlite), memory()]),
  'observe(limit(s3))': async () => observe({}, limit({ concurrency: 8 }, await made(bucket))),
};

for (const [name, open] of Object.entries(STACKS)) {
  contract({
    name,
    runner: {
      suite,
      test: (title, body) => {
        const skip = title.startsWith('list: thousands') && 'tested for each layer and each store alone';
        test(title, { skip }, body);
      },
      after,
    },
    open,
  });
}

suite('a zip in a bucket', () => {
  test('is read by ranges: its directory, and what is asked for', async () => {
    const spec = await bucket.make();
    assert.ok(spec.kind === 's3' && spec.endpoint !== undefined);
    await using direct = await openSpec(spec);
    const small = randomBytes(20_000);
    const large = randomBytes(12 * 1024 * 1024);
    const packed = await zip({ store: direct, key: 'a.zip' });
    for (let i = 0; i < 500; i++) await packed.put(`small/${i}`, small);
    await packed.put('large', large);
    await packed.put('text', 'to and fro '.repeat(100_000));
    await packed.close();
    const { size } = await direct.head('a.zip');
    assert.ok(size > 20_000_000);

    await using proxy = await startCountingProxy(spec.endpoint);
    await using through = s3({ ...spec, endpoint: proxy.origin });
    const cost = async (act: () => Promise<unknown>): Promise<number> => {
      const before = proxy.received;
      await act();
      return proxy.received - before;
    };
    let archive = await zip({ store: through, key: 'a.zip' });
    assert.ok(proxy.received < 500 * 200 + 100_000, `to open it ${proxy.received} bytes came`);
    assert.equal(await cost(() => Array.fromAsync(archive.list())), 0, 'it is listed from its directory');
    const one = await cost(async () => assert.ok(small.equals(await archive.get('small/77').bytes())));
    assert.ok(one < 24_000, `for an entry of 20,000 bytes ${one} came`);
    const range = { start: 7_000_000, end: 7_000_500 };
    const part = await cost(async () =>
      assert.ok(large.subarray(range.start, range.end).equals(await archive.get('large', { range }).bytes())),
    );
    assert.ok(part < 4000, `for 500 bytes ${part} came`);
    const into = new Uint8Array(300);
    const target = await cost(() => archive.readInto('large', [{ start: 11_000_000, into }]));
    assert.ok(large.subarray(11_000_000, 11_000_300).equals(into));
    assert.ok(target < 4000, `for 300 bytes ${target} came`);
    const text = await cost(() => archive.get('text').bytes());
    assert.ok(text < 20_000, `for a text that is packed small ${text} came`);

    // Pinned to the archive that was opened.
    await direct.put('a.zip', randomBytes(size));
    await assert.rejects(archive.get('small/78').bytes(), { code: 'Conflict' });
    await archive.close();
    await assert.rejects(zip({ store: through, key: 'a.zip' }), { code: 'Corrupt' });
    await direct.delete('a.zip');
    archive = await zip({ store: through, key: 'a.zip' });
    assert.deepEqual(await Array.fromAsync(archive.list()), []);
    await archive.close();
  });
});
