/** @module The oracle's own bookkeeping, without a server: a history that allowed too much would prove nothing. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ABSENT, KeyHistory } from './key-history.ts';

const only = (state: string): Set<string> => new Set([state]);

test('an acknowledged write replaces what was there; one in flight may or may not have happened', () => {
  const key = new KeyHistory(ABSENT);
  assert.deepEqual(key.allowed(), only(ABSENT));
  const first = key.begin('a');
  assert.deepEqual(key.allowed(), new Set([ABSENT, 'a']));
  key.acknowledge(first);
  assert.deepEqual(key.allowed(), only('a'));
  key.begin('b');
  assert.deepEqual(key.allowed(), new Set(['a', 'b']));
});

test('of writes that overlap either may be the last, until a later one is acknowledged', () => {
  const key = new KeyHistory(ABSENT);
  const a = key.begin('a');
  const b = key.begin('b');
  key.acknowledge(b);
  key.acknowledge(a);
  assert.deepEqual(key.allowed(), new Set(['a', 'b']));
  const c = key.begin('c');
  key.begin('lost');
  key.acknowledge(c);
  assert.deepEqual(key.allowed(), new Set(['c', 'lost']));
});

test('a write that was not answered stays possible behind later ones', () => {
  const key = new KeyHistory(ABSENT);
  key.begin('late');
  key.acknowledge(key.begin('a'));
  assert.deepEqual(key.allowed(), new Set(['late', 'a']));
  const b = key.begin('b');
  key.acknowledge(key.begin('c'));
  key.acknowledge(b);
  assert.deepEqual(key.allowed(), new Set(['late', 'b', 'c']));
});
