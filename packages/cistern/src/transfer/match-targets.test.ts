/** Two listings side by side, against sets. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { compareKeys, memory } from '@cistern/store';
import type { ListedObject } from '@cistern/store';
import { matchTargets } from './match-targets.ts';

const names = fc.uniqueArray(
  fc.string({ unit: fc.constantFrom('a', 'b', '/', '\uffee', '\u{1f6b0}'), minLength: 1, maxLength: 3 }),
  { maxLength: 12 },
);

suite('targets of sources', () => {
  test('each source once, in order, with what is there of its name', async () => {
    await fc.assert(
      fc.asyncProperty(names, names, async (sources, targets) => {
        const store = memory();
        for (const key of targets) await store.put(`to/${key}`, key);
        await store.put('tp', '');
        async function* entries() {
          for (const relative of sources.toSorted(compareKeys)) {
            const entry: ListedObject = { type: 'object', key: relative, size: 0, lastModified: new Date() };
            yield await Promise.resolve({ relative, entry });
          }
        }
        const matched = await Array.fromAsync(
          matchTargets(entries(), store.list({ prefix: 'to/' }), 'to/'),
          ({ relative, target }) => [relative, target?.key],
        );
        assert.deepEqual(
          matched,
          sources.toSorted(compareKeys).map((key) => [key, targets.includes(key) ? `to/${key}` : undefined]),
        );
      }),
    );
  });
});
