/** @module Small files go to folders that were there before without a look at them, and yet to the right places. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { local } from '../local.ts';
import { memory } from '../memory.ts';
import { transfer } from './transfer.ts';

const root = mkdtempSync(join(tmpdir(), 'cistern-likely-'));
after(() => rmSync(root, { recursive: true, force: true }));

suite('small files in folders that were there before', () => {
  const from = memory();
  const to = local(root);
  const move = async (key: string, mode: 'create' | 'overwrite' = 'create'): Promise<void> => {
    await from.put(key, `bytes of ${key}`);
    await transfer(from, { key, size: `bytes of ${key}`.length }, to, key, { mode });
    assert.equal(await to.get(key).text(), `bytes of ${key}`);
  };

  test('a folder that has gone meanwhile is made again', async () => {
    await move('folder/one');
    rmSync(join(root, 'folder'), { recursive: true });
    await move('folder/two');
  });

  for (const mode of ['create', 'overwrite'] as const) {
    test(`a folder that has come where the file would be (${mode})`, async () => {
      await move(`${mode}/one`);
      mkdirSync(join(root, mode, 'two'));
      await move(`${mode}/two/deep`);
      await move(`${mode}/two`, mode);
      assert.equal(await to.get(`${mode}/two/deep`).text(), `bytes of ${mode}/two/deep`);
    });
  }
});
