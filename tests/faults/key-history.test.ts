/** @module The kill test's own bookkeeping, without a server: a history that allowed too much would prove nothing. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ABSENT, KeyHistory } from './key-history.ts';

const only = (state: string): Set<string> => new Set([state]);

test('an acknowledged write replaces what was there; one in flight may or may not have happened', () => {
  const key = new KeyHistory();
  assert.deepEqual(key.allowed(), only(ABSENT));
  const first = key.begin(only('a'));
  assert.deepEqual(key.allowed(), new Set([ABSENT, 'a']));
  key.acknowledge(first, 'a');
  assert.deepEqual(key.allowed(), only('a'));
  key.begin(only('b'));
  assert.deepEqual(key.allowed(), new Set(['a', 'b']));
  key.settle('b');
  assert.deepEqual(key.allowed(), only('b'));
});

test('of writes that overlap either may be the last, until a later one is acknowledged', () => {
  const key = new KeyHistory();
  const a = key.begin(only('a'));
  const b = key.begin(only('b'));
  key.acknowledge(b, 'b');
  key.acknowledge(a, 'a');
  assert.deepEqual(key.allowed(), new Set(['a', 'b']));
  const c = key.begin(only('c'));
  const lost = key.begin(only('lost'));
  key.acknowledge(c, 'c');
  assert.deepEqual(key.allowed(), new Set(['c', 'lost']));
  key.withdraw(lost);
  assert.deepEqual(key.allowed(), only('c'));
});

test('a write that was not answered stays possible behind later ones', () => {
  const key = new KeyHistory();
  key.begin(only('late'));
  key.acknowledge(key.begin(only('a')), 'a');
  assert.deepEqual(key.allowed(), new Set(['late', 'a']));
  assert.deepEqual(key.everHeld(), new Set([ABSENT, 'late', 'a']));
});
