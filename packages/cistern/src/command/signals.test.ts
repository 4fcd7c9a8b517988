/** @module One wish to end may come as several signals; a second wish ends at once. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSignalRule } from './signals.ts';

function ruleAt(): { at: (ms: number) => ReturnType<typeof createSignalRule> } {
  let now = 0;
  const rule = createSignalRule(() => now);
  return {
    at: (ms) => {
      now = ms;
      return rule;
    },
  };
}

test('the first of any kind drains', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    assert.equal(ruleAt().at(7)(signal), 'drain');
  }
});

test('what comes with the first is the same wish', () => {
  const { at } = ruleAt();
  at(1000)('SIGINT');
  assert.equal(at(1000)('SIGINT'), 'nothing');
  assert.equal(at(1499)('SIGTERM'), 'nothing');
});

test('half a second later it is a second wish', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { at } = ruleAt();
    at(1000)('SIGHUP');
    assert.equal(at(1500)(signal), 'quit');
  }
});

test('SIGHUP is never impatience', () => {
  const { at } = ruleAt();
  at(0)('SIGHUP');
  assert.equal(at(60_000)('SIGHUP'), 'nothing');
});
