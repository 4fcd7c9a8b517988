/** The contract of stores on the S3 backend, against a server that is not ours: s3rver, which ignores conditions of writes. */

import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { retry } from '@cistern/store/layers';
import { s3 } from '@cistern/store/s3';
import { contract } from '@cistern/store/testing';
import { startHttpFaults } from '../support/http-faults.ts';
import type { Fault } from '../support/http-faults.ts';
import { needsS3rver, startS3rver } from '../support/s3rver.ts';

/** What s3rver does otherwise than S3: the backend can refuse it, and not mend it. */
const ODD: readonly (readonly [RegExp, string])[] = [
  [/^get: ranges/, 's3rver sends a byte more than the last N that are asked for'],
  [
    /^list: (?:keys in|by prefix|from after|rolled up, from|can be left)/,
    's3rver lists in the order of its files',
  ],
  [/^list: thousands/, 's3rver answers the second page of so many folders with 500'],
  [/^keys: (?:each text|one can)/, 's3rver keeps keys as paths, and loses some in listings'],
];

suite('s3rver', { skip: needsS3rver }, async () => {
  if (needsS3rver !== false) return;
  const { endpoint, credentials, close } = await startS3rver(['contract', 'box']);
  after(close);
  const options = { bucket: 'box', endpoint, credentials };

  contract({
    name: 's3 on s3rver',
    runner: {
      suite,
      test: (title, body) => {
        const skip = ODD.find(([pattern]) => pattern.test(title))?.[1] ?? false;
        test(title, { skip }, body);
      },
      after,
    },
    open: () =>
      Promise.resolve(
        retry({ attempts: 8, waitBaseMs: 1 }, s3({ ...options, bucket: 'contract', conditionalPuts: false })),
      ),
  });

  test('a service that ignores conditions is found out, before anything is written over', async () => {
    await using store = s3(options);
    assert.equal(store.capabilities.create, true, 'as far as anybody knows');
    await store.put('a', 'old');
    for (const mode of ['create', { ifMatch: 'another' }] as const) {
      await assert.rejects(store.put('a', 'new', { mode }), { code: 'Unsupported' });
      await assert.rejects(store.copy('a', 'a', { mode }), { code: 'Unsupported' });
    }
    assert.equal(await store.get('a').text(), 'old');
    assert.equal(store.capabilities.create, false);
    assert.deepEqual(await Array.fromAsync(store.keys()), ['a']);
  });

  test('a range of other bytes than were asked for is refused', async () => {
    await using store = s3(options);
    await store.put('range', 'hello');
    await assert.rejects(store.get('range', { range: { suffix: 3 } }).text(), { code: 'Unexpected' });
  });

  test('an object that is changed between two ranges is not mixed, though the service ignores If-Match', async () => {
    await using faults = await startHttpFaults(endpoint);
    await using store = s3({ ...options, endpoint: faults.origin });
    await using direct = s3(options);
    const bytes = new Uint8Array(9 * 1024 * 1024);
    await direct.put('changing', bytes);
    let seen = 0;
    faults.rule = async ({ method }): Promise<Fault> => {
      if (method === 'GET' && ++seen === 2)
        await direct.put('changing', new Uint8Array(bytes.byteLength).fill(1));
      return 'pass';
    };
    const into = new Uint8Array(bytes.byteLength);
    await assert.rejects(store.readInto('changing', into, { concurrency: 1 }), { code: 'Conflict' });
  });
});
