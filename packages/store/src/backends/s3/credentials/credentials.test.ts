/** Keys are at hand while they last, and renewed before they end. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { CredentialCache } from './credentials.ts';
import type { S3Credentials } from './credentials.ts';

const MINUTE_MS = 60_000;

suite('credentials', () => {
  test('those that were given are there at once, and for ever', () => {
    const keys = { accessKeyId: 'a', secretAccessKey: 's' };
    assert.equal(new CredentialCache(keys).now(), keys);
    assert.equal(new CredentialCache('anonymous').now(), null);
    assert.throws(() => new CredentialCache({ accessKeyId: '', secretAccessKey: 's' }), {
      code: 'InvalidArgument',
    });
  });

  test('temporary ones are renewed before they end, once for all who ask', async () => {
    let now = 0;
    let asked = 0;
    const cache = new CredentialCache(
      () => Promise.resolve({ ...numbered(++asked), expiration: new Date(now + 60 * MINUTE_MS) }),
      () => now,
    );
    assert.equal(cache.now(), undefined);
    const [first] = await Promise.all([cache.get(), cache.get(), cache.get()]);
    assert.equal(asked, 1);
    now = 54 * MINUTE_MS;
    assert.equal(cache.now(), first);
    now = 56 * MINUTE_MS;
    assert.equal(cache.now(), undefined);
    assert.equal((await cache.get()).accessKeyId, 'key 2');
  });

  test('those that cannot be renewed are used to their end', async () => {
    let now = 0;
    let answer: () => Promise<S3Credentials | undefined> = () =>
      Promise.resolve({ ...numbered(1), expiration: new Date(60 * MINUTE_MS) });
    const cache = new CredentialCache(
      () => answer(),
      () => now,
    );
    await cache.get();
    answer = () => Promise.reject(new Error('no answer from the metadata service'));
    now = 57 * MINUTE_MS;
    assert.equal((await cache.get()).accessKeyId, 'key 1');
    now = 60 * MINUTE_MS;
    await assert.rejects(cache.get(), { code: 'Unauthenticated', message: /metadata service/ });
  });

  test('those that the service does not take are asked for again', async () => {
    let asked = 0;
    const cache = new CredentialCache(() => Promise.resolve(numbered(++asked)));
    cache.reject(await cache.get());
    assert.equal(cache.now(), undefined);
    assert.equal((await cache.get()).accessKeyId, 'key 2');
  });

  test('where there are none the error says what to do', async () => {
    const cache = new CredentialCache(() => Promise.resolve(undefined));
    await assert.rejects(cache.get(), { code: 'Unauthenticated', message: /AWS_ACCESS_KEY_ID/ });
  });
});

function numbered(number: number): S3Credentials {
  return { accessKeyId: `key ${number}`, secretAccessKey: 'secret' };
}
