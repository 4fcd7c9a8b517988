/** The contract of stores on the S3 backend, against a server that is not ours: s3rver, which ignores conditions of writes. */

import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { s3 } from '@cistern/store/s3';
import { contract } from '@cistern/store/testing';
import { needsS3rver, startS3rver } from '../support/s3rver.ts';

suite('s3rver', { skip: needsS3rver }, async () => {
  if (needsS3rver !== false) return;
  const { endpoint, credentials, close } = await startS3rver(['contract']);
  after(close);
  const options = { bucket: 'contract', endpoint, credentials };

  contract({
    name: 's3 on s3rver',
    runner: { suite, test, after },
    open: () => Promise.resolve(s3({ ...options, conditionalPuts: false })),
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
});
