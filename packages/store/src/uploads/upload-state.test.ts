/** States of uploads as they are stored, and what damage makes of them. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { decodeState, encodeState } from './upload-state.ts';
import type { UploadState } from './upload-state.ts';

const STATE: UploadState = {
  format: 1,
  key: 'a',
  partSize: 5,
  attributes: {},
  startedAt: 1,
  owner: 'o',
  writers: [{ epoch: 1, from: 0 }],
  phase: 'open',
};

suite('the state of an upload', () => {
  test('is read as it was written', () => {
    for (const state of [
      STATE,
      { ...STATE, phase: 'sealed' as const, size: 7, claim: { epoch: 2, from: 5 } },
    ])
      assert.deepEqual(decodeState(encodeState(state), 'k'), state);
  });

  test('that is damaged is Corrupt, and one of a later version Unsupported', () => {
    const damaged = ['', 'null', '5', '[]', '{"format":1}', JSON.stringify({ ...STATE, writers: [null] })];
    for (const [field, value] of Object.entries({
      phase: 'ended',
      size: -1,
      partSize: 0,
      claim: null,
      key: 5,
    }))
      damaged.push(JSON.stringify({ ...STATE, [field]: value }));
    for (const text of damaged)
      assert.throws(() => decodeState(Buffer.from(text), 'k'), { code: 'Corrupt' }, text);
    assert.throws(() => decodeState(Buffer.from('{"format":2}'), 'k'), { code: 'Unsupported' });
  });
});
