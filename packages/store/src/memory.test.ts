/** The store in memory keeps the contract. */

import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { memory } from './memory.ts';
import { contract } from './testing/contract.ts';

contract({ name: 'memory', runner: { suite, test, after }, open: () => Promise.resolve(memory()) });

test('memory: a Buffer that was put is the caller’s again, and can be written to', async () => {
  const store = memory();
  const bytes = Buffer.from('as it was');
  await store.put('a', bytes);
  bytes.fill(0);
  assert.equal(await store.get('a').text(), 'as it was');
});
