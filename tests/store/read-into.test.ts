/** `readInto` of large objects from services: every byte in its place in shared memory, of one state, in as many requests as needed. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { isStoreError } from '@cistern/store';
import type { ReadTarget, Store } from '@cistern/store';
import { azure } from '@cistern/store/azure';
import { s3 } from '@cistern/store/s3';
import { startHttpFaults } from '../support/http-faults.ts';
import type { Fault } from '../support/http-faults.ts';
import { MIB, NumberedBlocks } from '../support/numbered-blocks.ts';
import { openSpec } from '../support/open-spec.ts';
import type { StoreSpec } from '../support/open-spec.ts';
import { startStoreKinds } from '../support/store-kinds.ts';

const { s3: ours, s3rver, azure: azurite } = await startStoreKinds();

/** Through another origin. */
function openAt(spec: StoreSpec, origin: string): Store {
  if (spec.kind === 's3') return s3({ ...spec, endpoint: origin });
  assert.ok(spec.kind === 'azure');
  return azure({ ...spec, endpoint: `${origin}/${spec.account}` });
}

function originOf(spec: StoreSpec): string {
  assert.ok(spec.kind === 's3' || spec.kind === 'azure');
  return new URL(spec.endpoint ?? '').origin;
}

for (const kind of [ours, s3rver, azurite]) {
  suite(`reading into memory from ${kind.name}`, { skip: kind.needs }, () => {
    test('256 MiB into shared memory, every byte', async () => {
      const mib = 256;
      const blocks = new NumberedBlocks();
      await using store = await openSpec(await kind.make());
      await store.put(
        'large',
        (async function* () {
          for (let i = 0; i < mib; i++) yield await Promise.resolve(blocks.block(i));
        })(),
        { size: mib * MIB },
      );
      // Something before and after must stay as it is.
      const memory = new Uint8Array(new SharedArrayBuffer((mib + 2) * MIB)).fill(0x55);
      const info = await store.readInto('large', memory.subarray(MIB, (mib + 1) * MIB));
      assert.equal(info.size, mib * MIB);
      blocks.comparer().update(Buffer.from(memory.buffer, MIB, mib * MIB));
      for (const edge of [memory.subarray(0, MIB), memory.subarray((mib + 1) * MIB)]) {
        assert.ok(edge.every((byte) => byte === 0x55));
      }
      await assert.rejects(store.readInto('large', new Uint8Array(MIB)), {
        code: 'BufferTooSmall',
        bytesNeeded: mib * MIB,
      });
      await store.delete('large');
    });

    for (const [how, change] of [
      ['overwritten', (store: Store) => store.put('changing', new Uint8Array(25 * MIB).fill(2))],
      [
        'overwritten by a smaller one',
        (store: Store) => store.put('changing', new Uint8Array(9 * MIB).fill(2)),
      ],
      ['deleted', (store: Store) => store.delete('changing')],
    ] as const) {
      test(`an object that is ${how} in the middle is never mixed`, async () => {
        const spec = await kind.make();
        await using direct = await openSpec(spec);
        await using proxy = await startHttpFaults(originOf(spec));
        await using store = openAt(spec, proxy.origin);
        // Who says which state is wanted is told so; a service that ignores it is found out.
        for (const pinned of how === 'overwritten' ? [false, true] : [false]) {
          const { etag } = await direct.put('changing', new Uint8Array(25 * MIB).fill(1));
          let gets = 0;
          proxy.rule = async ({ method }): Promise<Fault> => {
            if (method === 'GET' && ++gets === 3) await change(direct);
            return 'pass';
          };
          const reading = store.readInto('changing', new Uint8Array(new SharedArrayBuffer(25 * MIB)), {
            concurrency: 2,
            ...(pinned ? { ifMatch: etag } : {}),
          });
          const codes = pinned ? ['PreconditionFailed', 'Conflict', 'NotFound'] : ['Conflict'];
          await assert.rejects(reading, (error) => {
            assert.ok(isStoreError(error) && codes.includes(error.code), String(error));
            return true;
          });
          assert.ok(gets >= 3);
        }
      });
    }

    const skip = kind === s3rver && 's3rver gives no answer when it is asked for a range of an empty object';
    test('an empty object that is written in the middle is not taken for read', { skip }, async () => {
      const spec = await kind.make();
      await using direct = await openSpec(spec);
      await using proxy = await startHttpFaults(originOf(spec));
      await using store = openAt(spec, proxy.origin);
      await direct.put('empty', '');
      const into = new Uint8Array(9 * MIB);
      assert.equal((await store.readInto('empty', into)).size, 0);
      proxy.rule = async ({ method }): Promise<Fault> => {
        if (method === 'HEAD') await direct.put('empty', 'no longer');
        return 'pass';
      };
      await assert.rejects(store.readInto('empty', into), { code: 'Conflict' });
    });

    // s3rver sends other bytes than the last ones.
    test('the last bytes of an object that is written between two looks are not none', { skip }, async () => {
      const spec = await kind.make();
      await using direct = await openSpec(spec);
      await using proxy = await startHttpFaults(originOf(spec));
      await using store = openAt(spec, proxy.origin);
      const range = { suffix: 5 };
      await direct.put('tail', kind === azurite ? 'as it was' : '');
      // A look at what there is, and the bytes: in one order or the other.
      const second = kind === azurite ? 'GET' : 'HEAD';
      proxy.rule = async ({ method }): Promise<Fault> => {
        if (method === second) await direct.put('tail', `no longer ${second}`);
        return 'pass';
      };
      await assert.rejects(store.get('tail', { range }).text(), { code: 'Conflict', retry: 'temporary' });
      proxy.rule = (): Fault => 'pass';
      assert.equal(await store.get('tail', { range }).text(), `no longer ${second}`.slice(-5));
      await direct.put('tail', '');
      assert.equal(await store.get('tail', { range }).text(), '');
      await direct.put('tail', 'x');
      assert.equal(await store.get('tail', { range: { suffix: 0 } }).text(), '');
    });

    test('many small ranges are fetched together, where the gaps between them are small', async () => {
      const spec = await kind.make();
      await using direct = await openSpec(spec);
      await using proxy = await startHttpFaults(originOf(spec));
      await using store = openAt(spec, proxy.origin);
      const bytes = randomBytes(3 * MIB);
      await direct.put('ranges', bytes);
      // Two heaps of 100 ranges, with a MiB between them.
      const targets = (): ReadTarget[] =>
        Array.from({ length: 200 }, (_, i) => ({
          start: i * 1000 + (i < 100 ? 0 : MIB),
          into: new Uint8Array(new SharedArrayBuffer(150)),
        })).reverse();
      let requests = 0;
      proxy.rule = (): Fault => {
        requests++;
        return 'pass';
      };
      for (const [gap, expected] of [
        [850, 2],
        [849, 200],
        [2 * MIB, 1],
        [undefined, 2],
      ] as const) {
        requests = 0;
        const wanted = targets();
        await store.readInto('ranges', wanted, { gap });
        assert.equal(requests, expected, `with a gap of ${gap}`);
        for (const { start, into } of wanted) {
          assert.ok(bytes.subarray(start, start + 150).equals(into), `at ${start}`);
        }
      }
    });
  });
}
