/** Every layer keeps the contract, over memory. A layer of the folder that is not in the table fails. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, suite, test } from 'node:test';
import { memory } from '../memory.ts';
import { contract } from '../testing/contract.ts';
import { LAYERS } from './table.fixtures.ts';

suite('layers', () => {
  test('each one of the folder is in the table of those that are tested', () => {
    // `name.ts`, or `name/name.ts` where all of it is in one folder.
    const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
      .map((path) => /^(?:(\w+)[/\\])?(\w+)\.ts$/.exec(path))
      .filter((found) => found !== null && (found[1] ?? found[2]) === found[2])
      .map((found) => found?.[2] ?? '')
      .filter((name) => name !== 'index' && name !== 'codec');
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
