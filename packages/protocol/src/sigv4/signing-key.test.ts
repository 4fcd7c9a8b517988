/**
 * @module Tests of signing keys and their cache.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { deriveSigningKey, signaturesEqual, SigningKeyCache } from './signing-key.ts';

const day = '20260301';
const key = deriveSigningKey('s', { day, region: 'r' });

test('the published derivation example', () => {
  const derived = deriveSigningKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', {
    day: '20130524',
    region: 'us-east-1',
  });
  assert.equal(
    derived.export().toString('hex'),
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

test('signatures of different lengths are different', () => {
  assert.equal(signaturesEqual('ab', 'ab'), true);
  assert.equal(signaturesEqual('ab', 'ac'), false);
  assert.equal(signaturesEqual('ab', 'abc'), false);
});
