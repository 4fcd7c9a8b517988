/** Every layer keeps the contract, over memory. A layer of the folder that is not in the table fails. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, suite, test } from 'node:test';
import { memory } from '../memory.ts';
import { contract } from '../testing/contract.ts';
import { LAYERS } from './table.fixtures.ts';

suite('layers', () => {
  test('each one of the folder is in the table of those that are tested', () => {
    const files = readdirSync(import.meta.dirname)
      .filter((name) => /^[a-z]+\.ts$/.test(name) && name !== 'index.ts')
      .map((name) => name.slice(0, -3));
    assert.deepEqual(Object.keys(LAYERS).sort(), files.sort());
  });
});

for (const [name, { wrap }] of Object.entries(LAYERS)) {
  contract({
    name: `${name} over memory`,
    runner: { suite, test, after },
    open: () => Promise.resolve(wrap(memory())),
  });
}
