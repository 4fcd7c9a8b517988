/** @module What an old Node.js is told. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRuntime } from './runtime.ts';

test('a Node.js that is too old, or has no SQLite, is told which one is needed', () => {
  assert.throws(
    () => checkRuntime({ node: '20.20.2' }),
    /needs Node\.js 24 or newer.*this is Node\.js 20\.20\.2/,
  );
  assert.throws(() => checkRuntime({ node: '24.0.0' }), /24\.0\.0 without it.*https:\/\/nodejs\.org/);
  assert.throws(() => checkRuntime({ node: '9.1.0', sqlite: '3.53.0' }), /needs Node\.js 24/);
});

test('this one and newer ones will do', () => {
  checkRuntime(process.versions);
  checkRuntime({ node: '100.0.0', sqlite: '3.60.0' });
});
