/** A slice tells and records what it counted, also when the proof itself fails. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import type { Proof } from './proof.ts';
import { runSlice } from './run-slice.ts';

function slice(t: TestContext, run: Proof['run']): { ended: Promise<boolean>; said: () => string } {
  const log = t.mock.method(console, 'log', () => undefined);
  const entry = {
    name: 'tried',
    group: 'model',
    shows: '',
    load: () => Promise.resolve({ aims: { steps: 1 }, run }),
  };
  const options = {
    seconds: 10,
    units: undefined,
    seed: '7',
    settings: new Map<string, string>(),
    record: false,
  };
  return {
    ended: runSlice(entry, options),
    said: () => log.mock.calls.map(({ arguments: [line] }) => String(line)).join('\n'),
  };
}

test('a proof that fails is a violation, and what it counted is told', async (t) => {
  const { ended, said } = slice(t, ({ count }) => {
    count('steps', 3);
    return Promise.reject(new Error('out of order'));
  });
  assert.equal(await ended, false);
  assert.match(said(), /out of order[^]*--seed 7/);
  assert.match(said(), /3 steps, 1 violations$/);
});

test('one that comes to its end has none', async (t) => {
  const { ended, said } = slice(t, ({ count }) => {
    count('steps');
    return Promise.resolve();
  });
  assert.equal(await ended, true);
  assert.match(said(), /1 steps, 0 violations$/);
});
