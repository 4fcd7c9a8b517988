/**
 * @module Tests of signing keys and their cache.
 */

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';

import {
  deriveSigningKey,
  hmacHex,
  sha256Hex,
  signaturesEqual,
  SigningKey,
  SigningKeyCache,
} from './signing-key.ts';

const day = '20260301';
const key = deriveSigningKey('s', { day, region: 'r' });

test('the published derivation example', () => {
  const derived = deriveSigningKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', {
    day: '20130524',
    region: 'us-east-1',
  });
  assert.equal(
    Buffer.from(derived.inner.subarray(0, 32).map((byte) => byte ^ 0x36)).toString('hex'),
    'dbb893acc010964918f1fd433add87c70e8b0db6be30c1fbeafefa5ec6ba8378',
  );
});

test('the cache forgets what was used least recently', () => {
  const cache = new SigningKeyCache(2);
  const scopes = ['a', 'b', 'c'].map((region) => ({ day, region })) as [
    { day: string; region: string },
    { day: string; region: string },
    { day: string; region: string },
  ];
  cache.remember('id', 's', scopes[0], key);
  cache.remember('id', 's', scopes[1], key);
  assert.equal(cache.find('id', 's', scopes[0]), key);
  cache.remember('id', 's', scopes[2], key);
  assert.equal(cache.size, 2);
  assert.equal(cache.find('id', 's', scopes[1]), undefined);
  assert.equal(cache.find('id', 's', scopes[0]), key);
});

test('a key is only found for the secret, the id and the scope that it was made from', () => {
  const cache = new SigningKeyCache();
  cache.remember('id', 's', { day, region: 'r' }, key);
  assert.equal(cache.find('id', 's', { day, region: 'r' }), key);
  assert.equal(cache.find('id', 'other', { day, region: 'r' }), undefined);
  assert.equal(cache.find('other', 's', { day, region: 'r' }), undefined);
  assert.equal(cache.find('id', 's', { day: '20260302', region: 'r' }), undefined);
});

test('signatures are equal in every digit and in length', () => {
  const signature = 'ab'.repeat(32);
  assert.equal(signaturesEqual(signature, 'ab'.repeat(32)), true);
  assert.equal(signaturesEqual(signature, `ac${'ab'.repeat(31)}`), false);
  assert.equal(signaturesEqual(signature, `${'ab'.repeat(31)}ac`), false);
  assert.equal(signaturesEqual(signature, 'ab'.repeat(31)), false);
  assert.equal(signaturesEqual(signature, `${signature}a`), false);
});

test('hashes of texts of every length are those of node:crypto, beyond the reused memory too', () => {
  const bytes = Buffer.alloc(32, 0xa5);
  const signingKey = new SigningKey(bytes);
  for (const length of [0, 1, 55, 56, 63, 64, 65, 4031, 4032, 4033, 4096, 4097, 100_000]) {
    const text = '\u00e9x'.repeat(length).slice(0, length);
    const expected = createHmac('sha256', bytes).update(text, 'latin1').digest('hex');
    assert.equal(hmacHex(signingKey, text), expected, `HMAC of ${length}`);
    assert.equal(sha256Hex(text), createHash('sha256').update(text, 'latin1').digest('hex'), `of ${length}`);
  }
});
