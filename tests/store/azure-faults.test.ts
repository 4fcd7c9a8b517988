/** The Azure backend with faults between it and Azurite: no wrong byte, no lost answer taken for a failed condition. */

import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { after, before, beforeEach, suite, test } from 'node:test';
import { cleanUploads, isStoreError } from '@cistern/store';
import type { Store, StoreErrorCode } from '@cistern/store';
import { azure, azureService } from '@cistern/store/azure';
import { retry } from '@cistern/store/layers';
import { startAzurite, withoutAzurite } from '../support/azurite.ts';
import type { Azurite } from '../support/azurite.ts';
import { startHttpFaults } from '../support/http-faults.ts';
import type { Fault, HttpFaults } from '../support/http-faults.ts';

const MIB = 1024 * 1024;

function rejects(promise: Promise<unknown>, code: StoreErrorCode): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(isStoreError(error, code), `${code} was expected: ${String(error)}`);
    return true;
  });
}

function sample(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8) * 3 + (i >> 16)) & 0xff);
}

suite('azure, with faults before Azurite', { skip: withoutAzurite }, () => {
  let emulator: Azurite;
  let faults: HttpFaults;
  let store: Store;

  before(async () => {
    emulator = await startAzurite();
    const { endpoint, account, accountKey } = emulator;
    faults = await startHttpFaults(new URL(endpoint).origin);
    const options = { endpoint: `${faults.origin}/${account}`, account, accountKey };
    await using service = azureService(options);
    await service.createBucket('box');
    store = azure({ ...options, container: 'box' });
  });
  beforeEach(() => {
    faults.rule = () => 'pass';
  });
  after(async () => {
    await store.close();
    await faults[Symbol.asyncDispose]();
    await emulator.stop();
  });

  /** The fault befalls the first request that is meant; `seen` counts all that are. */
  function once(fault: Fault, meant: (request: IncomingMessage) => boolean): { seen: number } {
    const count = { seen: 0 };
    faults.rule = (request) => (meant(request) && count.seen++ === 0 ? fault : 'pass');
    return count;
  }
  const isPut = ({ method, url = '' }: IncomingMessage): boolean =>
    method === 'PUT' && !url.includes('comp=');
  const isGet = ({ method }: IncomingMessage): boolean => method === 'GET';
  const has =
    (text: string) =>
    ({ url = '' }: IncomingMessage): boolean =>
      url.includes(text);

  test('a body that is cut rejects, and never ends early', async () => {
    await store.put('cut', sample(300_000));
    once('cut-body', isGet);
    await rejects(store.get('cut').bytes(), 'Unavailable');
    once('shorten', ({ method, headers }) => method === 'GET' && headers['x-ms-range'] !== undefined);
    await rejects(store.get('cut', { range: { start: 0 } }).bytes(), 'Unavailable');
    once('shorten', isGet);
    await rejects(store.readInto('cut', new Uint8Array(300_000)), 'Unavailable');
    once('cut-body', isGet);
    await rejects(store.readInto('cut', new Uint8Array(300_000)), 'Unavailable');
    assert.ok(Buffer.from(sample(300_000)).equals(await store.get('cut').bytes()));
  });

  test('a changed byte is found by those who verify, going and coming', async () => {
    const { account, accountKey } = emulator;
    await using verifying = azure({
      endpoint: `${faults.origin}/${account}`,
      account,
      accountKey,
      container: 'box',
      verify: true,
    });
    once('flip-request', isPut);
    await rejects(verifying.put('flipped', 'hello'), 'Unavailable');
    await rejects(verifying.head('flipped'), 'NotFound');
    await verifying.put('flipped', 'hello');
    once('flip-answer', isGet);
    await rejects(verifying.get('flipped').text(), 'Corrupt');
    assert.equal(await verifying.get('flipped').text(), 'hello');
  });

  test('a busy service is temporary, and says how long to wait', async () => {
    once('busy', isPut);
    const error = await store.put('busy', 'x').catch((thrown: unknown) => thrown);
    assert.ok(isStoreError(error, 'Unavailable'));
    assert.equal(error.retry, 'temporary');
    assert.equal(error.retryAfterMs, 1000);
  });

  test('a conditional put whose answer is lost is known to have been done', async () => {
    once('lose-answer', isPut);
    const info = await store.put('mine', 'hello', { mode: 'create', attributes: { metadata: { n: '1' } } });
    assert.equal(info.etag, (await store.head('mine')).etag);
    assert.deepEqual({ ...info.attributes.metadata }, { n: '1' });
    once('lose-answer', isPut);
    const next = await store.put('mine', 'again', { mode: { ifMatch: info.etag } });
    assert.equal(await store.get('mine', { ifMatch: next.etag }).text(), 'again');
    once('twice', isPut);
    await store.put('mine-twice', 'hello', { mode: 'create' });
    once('lose-request', isPut);
    await rejects(store.put('never', 'x', { mode: 'create' }), 'Unavailable');
    once('lose-request', isPut);
    await rejects(store.put('mine', 'x', { mode: 'create' }), 'Unavailable');
    assert.equal(await store.get('mine').text(), 'again');
  });

  test('a commit of blocks whose answer is lost is known to have been done, and so is a copy', async () => {
    const bytes = sample(17 * MIB);
    once('lose-answer', has('comp=blocklist'));
    const info = await store.put('blocks', bytes, { mode: 'create' });
    assert.equal(info.size, bytes.byteLength);
    once('lose-answer', isPut);
    await store.copy('blocks', 'copied', { mode: 'create' });
    assert.equal((await store.head('copied')).size, bytes.byteLength);
  });

  test('a block that is lost fails the put, and leaves the old object', async () => {
    await store.put('old', 'old');
    once('lose-request', has('comp=block&'));
    await rejects(store.put('old', sample(20 * MIB)), 'Unavailable');
    assert.equal(await store.get('old').text(), 'old');
  });

  for (const fault of ['lose-answer', 'lose-request', 'busy', 'twice'] as const) {
    test(`an upload's appends stand ${fault}: every byte once`, async () => {
      const bytes = sample(50_000);
      const up = await store.upload(`live-${fault}`, { partSize: 10_000 });
      let appends = 0;
      faults.rule = (request) => (has('comp=appendblock')(request) && appends++ % 2 === 0 ? fault : 'pass');
      await up.writeAll(bytes);
      assert.equal(await up.flush(), bytes.byteLength);
      assert.ok(appends >= 5);
      await up.complete();
      assert.ok(Buffer.from(bytes).equals(await store.get(`live-${fault}`).bytes()));
    });
  }

  test('an upload’s completion whose answer is lost is known, also when it is asked for again', async () => {
    const up = await store.upload('done');
    await up.write('hello');
    once('lose-answer', has('comp=blocklist'));
    await up.complete({ mode: 'create' });
    const again = await store.upload('done-again');
    await again.write('hello');
    // The look at what became of it is lost, too.
    faults.rule = ({ method, url = '' }) =>
      url.includes('comp=blocklist')
        ? 'lose-answer'
        : method === 'HEAD' && url.includes('/done-again')
          ? 'busy'
          : 'pass';
    await rejects(again.complete({ mode: 'create' }), 'Unavailable');
    faults.rule = () => 'pass';
    const info = await again.complete({ mode: 'create' });
    assert.equal(info.size, 5);
    await rejects(store.openUpload('done-again'), 'NotFound');
  });

  test('a writer that ends between object and clean-up leaves followers with the whole', async () => {
    const up = await store.upload('left');
    await up.write('hello');
    await up.flush();
    const reader = await store.openUpload('left');
    faults.rule = ({ method }) => (method === 'DELETE' ? 'lose-request' : 'pass');
    await rejects(up.complete(), 'Unavailable');
    const followed = await Array.fromAsync(reader.follow({ pollMs: 5 }));
    assert.equal(Buffer.concat(followed).toString(), 'hello');
    faults.rule = () => 'pass';
    await up.complete();
    await rejects(store.openUpload('left'), 'NotFound');
  });

  test('with retry above, faults at random show in nothing but time', async () => {
    const retrying = retry({ attempts: 12, waitBaseMs: 1, mark: true }, store);
    const kinds = ['lose-request', 'lose-answer', 'cut-body', 'twice'] as const;
    let state = 20_261_121;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    faults.rule = () => (random(5) === 0 ? (kinds[random(kinds.length)] ?? 'pass') : 'pass');
    const model = new Map<string, Uint8Array>();
    for (let round = 0; round < 60; round++) {
      const key = `random/${random(6)}`;
      const bytes = sample(random(60_000) + 1).fill(round, 0, 1);
      const old = model.get(key);
      const kind = random(5);
      if (kind === 0) {
        await retrying.put(key, bytes, { mode: old === undefined ? 'create' : 'overwrite' });
        model.set(key, bytes);
      } else if (kind === 1) {
        const up = await retrying.upload(key, { partSize: 10_000 });
        await up.writeAll(bytes);
        await up.complete();
        model.set(key, bytes);
      } else if (kind === 2 && old !== undefined) {
        const { etag } = await retrying.head(key);
        await retrying.copy(key, 'random/copy', { ifMatch: etag });
        model.set('random/copy', old);
      } else if (kind === 3) {
        await retrying.delete(key);
        model.delete(key);
      } else if (old !== undefined) {
        const into = new Uint8Array(old.byteLength);
        await retrying.readInto(key, into);
        assert.ok(Buffer.from(into).equals(old), `readInto in round ${round}`);
      }
      const now = model.get(key);
      if (now !== undefined)
        assert.ok(Buffer.from(now).equals(await retrying.get(key).bytes()), `round ${round}`);
    }
    assert.deepEqual(await Array.fromAsync(retrying.keys('random/')), [...model.keys()].sort());
  });

  test('what is left of uploads is cleaned up: completed ones at once, others when they are old', async () => {
    const left = await store.upload('left-over');
    await left.write('hello');
    faults.rule = ({ method }) => (method === 'DELETE' ? 'lose-request' : 'pass');
    await rejects(left.complete(), 'Unavailable');
    faults.rule = () => 'pass';
    const resting = await store.upload('resting');
    await resting.write('hello');
    await resting.flush();
    const others = { olderThanMs: 3_600_000 };
    const leftover = [{ key: 'left-over', id: left.id, reason: 'leftover' }];
    assert.deepEqual(await cleanUploads(store, { ...others, dryRun: true }), leftover);
    assert.deepEqual(await cleanUploads(store, others), leftover);
    assert.deepEqual(await cleanUploads(store, others), []);
    assert.equal(await store.get('left-over').text(), 'hello');
    const abandoned = [{ key: 'resting', id: resting.id, reason: 'abandoned' }];
    assert.deepEqual(await cleanUploads(store, { olderThanMs: 0 }), abandoned);
    await rejects(store.openUpload('resting'), 'NotFound');
    await resting.write('more');
    await rejects(resting.flush(), 'NotFound');
  });

  test('an object that changes between two ranges is a conflict, and not a mixture', async () => {
    await store.put('changing', sample(20 * MIB));
    const { endpoint, account, accountKey } = emulator;
    await using direct = azure({ endpoint, account, accountKey, container: 'box' });
    let gets = 0;
    faults.rule = async (request): Promise<Fault> => {
      if (isGet(request) && ++gets === 2) await direct.put('changing', new Uint8Array(20 * MIB));
      return 'pass';
    };
    await rejects(store.readInto('changing', new Uint8Array(20 * MIB), { concurrency: 1 }), 'Conflict');
    assert.equal(gets, 2);
  });
});
