/** What the Azure backend does beyond the contract, against Azurite: identities, blocks, pages, accounts, uploads. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { compareKeys, connect, isStoreError, open } from '@cistern/store';
import type { Store, StoreErrorCode } from '@cistern/store';
import { azure, azureService } from '@cistern/store/azure';
import type { AzureServiceOptions } from '@cistern/store/azure';
import { startAzurite, withoutAzurite } from '../support/azurite.ts';
import type { Azurite } from '../support/azurite.ts';

const MIB = 1024 * 1024;

function rejects(promise: Promise<unknown>, code: StoreErrorCode): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(isStoreError(error, code), `${code} was expected: ${String(error)}`);
    return true;
  });
}

/** Bytes that differ from block to block. */
function sample(size: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 2_654_435_761);
  return new Uint8Array(words.buffer, 0, size);
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function* inChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const reused = new Uint8Array(100_000);
  for (let start = 0; start < bytes.byteLength; start += reused.byteLength) {
    const chunk = bytes.subarray(start, start + reused.byteLength);
    reused.set(chunk);
    yield reused.subarray(0, chunk.byteLength);
  }
}

suite('azure, against Azurite', { skip: withoutAzurite }, () => {
  let emulator: Azurite;
  let options: AzureServiceOptions;
  let store: Store;

  before(async () => {
    emulator = await startAzurite();
    const { endpoint, account, accountKey } = emulator;
    options = { endpoint, account, accountKey };
    await using service = azureService(options);
    await service.createBucket('box');
    store = azure({ ...options, container: 'box' });
  });
  after(async () => {
    await store.close();
    await emulator.stop();
  });

  test('tags of blobs; without versions each is its own only one', async () => {
    await using service = azureService(options);
    const features = service.features('box');
    await store.put('tags/a', 'x');
    assert.deepEqual({ ...(await features.tags('tags/a')) }, {});
    await features.setTags('tags/a', { colour: 'blue', 'with blank': '1' });
    assert.deepEqual({ ...(await features.tags('tags/a')) }, { colour: 'blue', 'with blank': '1' });
    await features.setTags('tags/a', {});
    assert.deepEqual({ ...(await features.tags('tags/a')) }, {});
    await rejects(features.tags('tags/absent'), 'NotFound');
    const [version, ...others] = await Array.fromAsync(features.listVersions({ prefix: 'tags/' }));
    assert.deepEqual([version?.key, version?.isLatest, others.length], ['tags/a', true, 0]);
    await Array.fromAsync(features.deleteVersions([{ key: 'tags/a', version: version?.version ?? '' }]));
    assert.equal(await store.exists('tags/a'), false);
  });

  test('a SAS, a connection string and the environment say who is asking', async () => {
    await store.put('who', 'hello');
    const sas = new URL(await store.presign('who')).search;
    await using signed = azure({ ...options, accountKey: undefined, sasToken: sas, container: 'box' });
    assert.equal(await signed.get('who').text(), 'hello');
    assert.equal(signed.capabilities.presign, false);
    await rejects(signed.presign('who'), 'Unsupported');
    await rejects(signed.put('who', 'x'), 'PermissionDenied');

    const { endpoint, account, accountKey } = emulator;
    const connectionString = `BlobEndpoint=${endpoint};AccountName=${account};AccountKey=${accountKey}`;
    await using connected = azure({ connectionString, container: 'box' });
    assert.equal(await connected.get('who').text(), 'hello');

    await using folder = await open(`az://box/some/folder?endpoint=${endpoint}`, {
      credentials: { accountKey },
    });
    await folder.put('a', 'x');
    assert.equal(await store.get('some/folder/a').text(), 'x');
    await rejects(
      open(`az://box?endpoint=${endpoint}&nonsense=1`, { credentials: { accountKey } }),
      'InvalidArgument',
    );
    await rejects(open('az://box', { credentials: { password: 'x' } }), 'InvalidArgument');
    await rejects(
      open(`az://box/%?endpoint=${endpoint}`, { credentials: { accountKey } }),
      'InvalidArgument',
    );
  });

  test('a wrong key is refused, and no key shows in what is printed', async () => {
    const accountKey = Buffer.from('wrong').toString('base64');
    await using wrong = azure({ ...options, accountKey, container: 'box' });
    // Azure says AuthenticationFailed; Azurite has the code for what is not allowed.
    await rejects(wrong.put('a', 'x'), 'PermissionDenied');
    assert.equal(wrong.toString(), `azure("${emulator.endpoint}", "box")`);
    await using anonymous = azure({
      ...options,
      accountKey: undefined,
      credential: 'anonymous',
      container: 'box',
    });
    await assert.rejects(anonymous.get('a'), (error) => isStoreError(error));
  });

  test('bodies of several blocks: from memory, from a stream, from a stream of known size', async () => {
    const bytes = sample(21 * MIB + 12_345);
    const expected = hash(bytes);
    const attributes = { contentType: 'text/x', metadata: { n: '1' } };
    await store.put('blocks/memory', bytes, { attributes });
    await store.put('blocks/blob', new Blob([bytes as Uint8Array<ArrayBuffer>]), { attributes });
    await store.put('blocks/stream', inChunks(bytes), { attributes });
    await store.put('blocks/known', inChunks(bytes), { attributes, size: bytes.byteLength });
    for (const name of ['memory', 'blob', 'stream', 'known']) {
      const into = new Uint8Array(bytes.byteLength);
      const info = await store.readInto(`blocks/${name}`, into);
      assert.equal(hash(into), expected, name);
      assert.equal(info.attributes.contentType, 'text/x');
      assert.equal(info.attributes.metadata?.['n'], '1');
    }
    await rejects(store.put('blocks/known', inChunks(bytes), { mode: 'create' }), 'AlreadyExists');
    const { etag } = await store.head('blocks/known');
    await store.put('blocks/known', inChunks(bytes), { mode: { ifMatch: etag } });
    await rejects(store.put('blocks/known', bytes, { mode: { ifMatch: etag } }), 'PreconditionFailed');
  });

  test('a stream that breaks behind its first blocks leaves the old object', async () => {
    await store.put('broken', 'old');
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield* inChunks(sample(20 * MIB));
      throw new RangeError('the source broke');
    }
    await assert.rejects(store.put('broken', breaking()), /the source broke/);
    assert.equal(await store.get('broken').text(), 'old');
    await rejects(store.put('broken', inChunks(sample(20 * MIB)), { size: 21 * MIB }), 'InvalidArgument');
    assert.equal(await store.get('broken').text(), 'old');
  });

  test('large bodies put at the same time do not mix', async () => {
    const bodies = [sample(18 * MIB), sample(18 * MIB).reverse()];
    const outcomes = await Promise.allSettled(bodies.map((body) => store.put('both', inChunks(body))));
    // Whoever publishes first drops the other's blocks.
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        assert.ok(isStoreError(outcome.reason, 'Conflict'), String(outcome.reason));
    }
    const found = hash(await store.get('both').bytes());
    assert.ok(bodies.some((body) => hash(body) === found));
  });

  test('listings over many pages: order, delimiters, from after a key', async () => {
    const characters = ['a', 'b/', '--', '\u{e000}', '\uff5e', '\u{1f6b0}', '\u{1f6b1}/'];
    const keys = characters
      .flatMap((one) => characters.map((other) => `pages/${one}${other}x`))
      .concat('.cistern-not-ours', '.c/x');
    await Promise.all(keys.map((key) => store.put(key, '')));
    const below = keys.filter((key) => key.startsWith('pages/')).sort(compareKeys);
    for (const more of [{}, { apiVersion: '2021-12-02' }]) {
      await using paged = azure({ ...options, ...more, container: 'box', pageSize: 4 });
      assert.deepEqual(await Array.fromAsync(paged.keys('pages/')), below);
      for (const startAfter of [...below, 'pages/', 'pages/\u{10ffff}']) {
        const found = await Array.fromAsync(paged.keys({ prefix: 'pages/', startAfter }));
        assert.deepEqual(
          found,
          below.filter((key) => compareKeys(key, startAfter) > 0),
          startAfter,
        );
      }
      for (const delimiter of ['/', '--', 'a']) {
        const found = await Array.fromAsync(paged.list({ prefix: 'pages/', delimiter }));
        const names = found.map((entry) => (entry.type === 'object' ? entry.key : entry.prefix));
        const expected = below.map((key) => {
          const at = key.indexOf(delimiter, 'pages/'.length);
          return at === -1 ? key : key.slice(0, at + delimiter.length);
        });
        assert.deepEqual(names, [...new Set(expected)], delimiter);
      }
    }
  });

  test('uploads in progress show in no listing, rolled up or not', async () => {
    await using service = azureService(options);
    await service.createBucket('hidden');
    await using hidden = service.bucket('hidden');
    const up = await hidden.upload('a');
    await up.write('x');
    await up.flush();
    assert.deepEqual(await Array.fromAsync(hidden.list()), []);
    for (const delimiter of ['/', '.', 'i', 'uploads']) {
      assert.deepEqual(await Array.fromAsync(hidden.list({ delimiter })), [], delimiter);
    }
    await hidden.put('.city', '');
    assert.deepEqual(await Array.fromAsync(hidden.list({ delimiter: 'i' })), [
      { type: 'prefix', prefix: '.ci' },
    ]);
    await rejects(hidden.get('.cistern/uploads/x'), 'InvalidKey');
    await up.abort();
  });

  test('an account: containers are made, listed and deleted, not with objects in them', async () => {
    const { endpoint, accountKey } = emulator;
    await using service = await connect(endpoint, { accountKey }, { versions: false });
    assert.match(service.toString(), /^azureService\("http:/);
    await rejects(connect(endpoint, { accountKey }, { region: 'x' }), 'InvalidArgument');
    await service.createBucket('one-b');
    await service.createBucket('one-a');
    await rejects(service.createBucket('one-a'), 'AlreadyExists');
    await rejects(service.createBucket('No'), 'InvalidArgument');
    assert.deepEqual(
      (await Array.fromAsync(service.listBuckets({ prefix: 'one-' }))).map(({ name }) => name),
      ['one-a', 'one-b'],
    );
    assert.equal(await service.bucketExists('one-a'), true);
    const bucket = service.bucket('one-a');
    await bucket.put('a', 'x');
    await rejects(service.deleteBucket('one-a'), 'Conflict');
    await bucket.delete('a');
    await bucket.close();
    await service.deleteBucket('one-a');
    assert.equal(await service.bucketExists('one-a'), false);
    await rejects(service.deleteBucket('one-a'), 'NotFound');
    await rejects(service.bucket('one-a').get('a'), 'NotFound');
    await rejects(service.bucket('one-a').put('a', 'x'), 'NotFound');
  });

  test('signed URLs do what they are for, and nothing else', async () => {
    const put = await store.presign('signed', { method: 'PUT' });
    const headers = { 'x-ms-blob-type': 'BlockBlob' };
    assert.equal((await fetch(put, { method: 'PUT', body: 'hello', headers })).status, 201);
    assert.equal((await fetch(put)).status, 403);
    assert.equal(
      (await fetch(await store.presign('signed', { method: 'HEAD' }), { method: 'HEAD' })).status,
      200,
    );
    assert.equal(
      (await fetch(await store.presign('signed', { method: 'DELETE' }), { method: 'DELETE' })).status,
      202,
    );
    await rejects(store.get('signed'), 'NotFound');
    await rejects(store.presign('signed', { method: 'PUT', contentType: 'text/plain' }), 'Unsupported');
  });

  test('copies under a condition keep attributes, and marks stay out of sight', async () => {
    const attributes = { contentType: 'text/x', metadata: { 'with-dash': 'ü' } };
    await store.put('copy/a', 'hello', { attributes });
    await store.copy('copy/a', 'copy/b', { mode: 'create' });
    const { info } = await store.get('copy/b');
    assert.equal(info.attributes.contentType, 'text/x');
    assert.deepEqual({ ...info.attributes.metadata }, { 'with-dash': 'ü' });
    await store.put('copy/new', 'x', { mode: 'create' });
    assert.equal((await store.head('copy/new')).attributes.metadata, undefined);
  });

  test('an upload goes on in another store, and is followed from a third', async () => {
    const bytes = sample(3 * MIB);
    const first = await store.upload('live', { partSize: MIB, attributes: { metadata: { n: '1' } } });
    await using other = azure({ ...options, container: 'box' });
    const reader = await other.openUpload('live');
    const followed = Array.fromAsync(reader.follow({ pollMs: 5 }));
    await first.write(bytes.subarray(0, MIB + 5));
    await first.flush();
    await first.detach();
    const second = await other.upload('live', { resume: first.id });
    assert.equal(second.committed, MIB + 5);
    await second.write(bytes.subarray(MIB + 5));
    const info = await second.complete();
    assert.equal(info.size, bytes.byteLength);
    assert.deepEqual({ ...info.attributes.metadata }, { n: '1' });
    assert.equal(hash(Buffer.concat(await followed)), hash(bytes));
    assert.equal(await reader.refresh(), bytes.byteLength);
    assert.deepEqual({ ...(await store.head('live')).attributes.metadata }, { n: '1' });
    await store.put('live', 'other');
    await rejects(Array.fromAsync(reader.read({ start: 0, end: 3 })), 'Conflict');
  });

  test('bytes can be verified on both ways', async () => {
    await using verifying = azure({ ...options, container: 'box', verify: true });
    const bytes = sample(9 * MIB);
    await verifying.put('verified', bytes);
    assert.equal(hash(await verifying.get('verified').bytes()), hash(bytes));
    await verifying.put('verified/stream', inChunks(bytes));
    assert.equal(hash(await verifying.get('verified/stream').bytes()), hash(bytes));
  });

  test('what is closed says so', async () => {
    const closing = azure({ ...options, container: 'box' });
    await closing.close();
    await closing.close();
    await rejects(closing.get('a'), 'Closed');
    await rejects(Array.fromAsync(closing.list()), 'Closed');
  });
});
