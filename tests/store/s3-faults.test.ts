/** The S3 backend with faults between it and the server: no wrong byte, and no answer that is not true. */

import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { after, beforeEach, suite, test } from 'node:test';
import { isStoreError } from '@cistern/store';
import type { StoreErrorCode } from '@cistern/store';
import { retry } from '@cistern/store/layers';
import { s3 } from '@cistern/store/s3';
import { startHttpFaults } from '../support/http-faults.ts';
import type { Fault } from '../support/http-faults.ts';
import { REGION, startTestServer } from '../support/server.ts';

const MIB = 1024 * 1024;

const { s3: server } = await startTestServer({ buckets: ['box'] });
const faults = await startHttpFaults(server.endpoint);
const options = { bucket: 'box', region: REGION, credentials: server.credentials };
const direct = s3({ ...options, endpoint: server.endpoint });
const store = s3({ ...options, endpoint: faults.origin });
after(async () => {
  await store.close();
  await direct.close();
  await faults[Symbol.asyncDispose]();
});
beforeEach(() => {
  faults.rule = () => 'pass';
});

function rejects(promise: Promise<unknown>, code: StoreErrorCode, kind?: string): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(isStoreError(error, code), `${code} was expected: ${String(error)}`);
    if (kind !== undefined) assert.equal(error.retry, kind);
    return true;
  });
}

/** Bytes that differ everywhere, so that a range in the wrong place shows. */
function sample(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** The fault befalls the first of the requests that are meant, or the one after `before` others. */
function once(fault: Fault, meant: (request: IncomingMessage) => boolean, before = 0): { seen: number } {
  const count = { seen: 0 };
  faults.rule = (request) => (meant(request) && count.seen++ === before ? fault : 'pass');
  return count;
}

const is =
  (method: string, text = '') =>
  (request: IncomingMessage): boolean =>
    request.method === method && (request.url ?? '').includes(text);
const isCompletion = (request: IncomingMessage): boolean => is('POST', 'uploadId=')(request);

async function* stream(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += MIB) yield bytes.subarray(start, start + MIB);
}

const large = sample(20 * MIB + 7);
await direct.put('large', large);

suite('reads', () => {
  test('a body that is cut rejects, and never ends early', async () => {
    await direct.put('small', sample(300_000));
    once('cut-body', is('GET'));
    await rejects(store.get('small').bytes(), 'Unavailable', 'temporary');
    once('cut-body', is('GET'));
    await rejects(store.readInto('small', new Uint8Array(300_000)), 'Unavailable', 'temporary');
    for (const before of [0, 1, 2]) {
      once('cut-body', is('GET'), before);
      await rejects(store.readInto('large', new Uint8Array(large.byteLength)), 'Unavailable', 'temporary');
    }
  });

  test('with retry it goes on where it stopped', async () => {
    const again = retry({ attempts: 3, waitBaseMs: 1 }, store);
    once('cut-body', is('GET'));
    assert.ok(large.equals(await again.get('large').bytes()));
    for (const before of [0, 1, 2]) {
      once('cut-body', is('GET'), before);
      const into = Buffer.alloc(large.byteLength);
      await again.readInto('large', into);
      assert.ok(large.equals(into));
    }
    once('busy', is('GET', 'list-type'));
    assert.ok((await Array.fromAsync(again.keys())).includes('large'));
  });

  test('an object that is changed between two ranges is not mixed', async () => {
    await direct.put('changing', large);
    let seen = 0;
    faults.rule = async (request): Promise<Fault> => {
      if (is('GET')(request) && ++seen === 2) await direct.put('changing', sample(large.byteLength, 2));
      return 'pass';
    };
    const into = Buffer.alloc(large.byteLength);
    await rejects(store.readInto('changing', into, { concurrency: 1 }), 'Conflict', 'temporary');
  });

  test('a busy service is temporary, and says how long to wait', async () => {
    once('busy', is('PUT'));
    const error = await store.put('busy', 'x').catch((thrown: unknown) => thrown);
    assert.ok(isStoreError(error, 'Unavailable'));
    assert.equal(error.retry, 'temporary');
    assert.equal(error.retryAfterMs, 1000);
  });

  test('a listing that is cut rejects', async () => {
    once('cut-body', is('GET', 'list-type'));
    await rejects(Array.fromAsync(store.list()), 'Unavailable', 'temporary');
    once('late-error', is('GET', 'list-type'));
    await rejects(Array.fromAsync(store.list()), 'Unavailable', 'temporary');
  });
});

suite('writes', () => {
  for (const fault of ['lose-answer', 'twice', 'lose-request'] as const) {
    test(`a conditional put with the fault ${fault} is known to be ours`, async () => {
      const key = `create-${fault}`;
      once(fault, is('PUT', key));
      const { etag } = await store.put(key, 'ours', { mode: 'create' });
      assert.equal((await direct.head(key)).etag, etag);
      await rejects(store.put(key, 'again', { mode: 'create' }), 'AlreadyExists');
      once(fault, is('PUT', key));
      const next = await store.put(key, 'next', { mode: { ifMatch: etag } });
      assert.equal(await direct.get(key).text(), 'next');
      assert.deepEqual((await direct.head(key)).attributes, next.attributes, 'the mark is nobody else’s');
    });
  }

  test('equal bytes of somebody else are not ours', async () => {
    await direct.put('theirs', 'same', { mode: 'create' });
    once('lose-answer', is('PUT', 'theirs'));
    await rejects(store.put('theirs', 'same', { mode: 'create' }), 'AlreadyExists');
  });

  test('an outcome that cannot be known is said to be so, and is not tried again', async () => {
    faults.rule = (request) => (is('PUT', 'unknown')(request) ? 'lose-request' : 'pass');
    const error = await store.put('unknown', 'x', { mode: 'create' }).catch((thrown: unknown) => thrown);
    assert.ok(isStoreError(error, 'Unavailable'));
    assert.equal(error.retry, 'permanent');
    assert.match(error.message, /may have been stored or not/);
  });

  for (const fault of ['lose-answer', 'lose-request', 'late-error', 'twice', 'cut-body'] as const) {
    test(`the completion of a large put with the fault ${fault}`, async () => {
      const key = `complete-${fault}`;
      const count = once(fault, isCompletion);
      const info = await store.put(key, stream(large), { mode: 'create' });
      assert.ok(count.seen >= 1);
      assert.equal(info.size, large.byteLength);
      assert.equal((await direct.head(key)).etag, info.etag);
      assert.ok(large.equals(await direct.get(key).bytes()));
    });
  }

  test('a part that fails fails the put, and leaves nothing', async () => {
    for (const fault of ['busy', 'lose-answer'] as const) {
      const aborted = { seen: 0 };
      let failed = false;
      faults.rule = (request) => {
        if (is('DELETE', 'uploadId=')(request)) aborted.seen++;
        if (failed || !is('PUT', 'partNumber=2')(request)) return 'pass';
        failed = true;
        return fault;
      };
      await rejects(store.put('parts', stream(large)), 'Unavailable', 'temporary');
      assert.equal(aborted.seen, 1);
      assert.equal(await direct.exists('parts'), false);
    }
  });

  test('an error in an answer of success is an error', async () => {
    once('late-error', is('PUT', 'copied'));
    await rejects(store.copy('large', 'copied'), 'Unavailable', 'temporary');
    assert.equal(await direct.exists('copied'), false);
    once('late-error', is('POST', 'delete='));
    await direct.put('kept-1', 'x');
    await direct.put('kept-2', 'x');
    await rejects(Array.fromAsync(store.delete(['kept-1', 'kept-2'])), 'Unavailable', 'temporary');
    assert.equal(await direct.exists('kept-1'), true);
  });
});
