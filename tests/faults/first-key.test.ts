/** @module The root key that a first start makes and shows once: it is kept, or the start fails and leaves nothing of it. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { FaultShim, needsShim } from './shim/shim.ts';
import type { ShimAction } from './shim/shim.ts';

const MODULE = new URL('../../packages/cistern/src/serve/credentials.ts', import.meta.url).href;

const FAULTS: readonly (readonly [string, ShimAction])[] = [
  ['is cut short by a full disk', { do: 'short', error: 'ENOSPC' }],
  ['fails', { do: 'fail', error: 'EIO' }],
];

for (const [what, action] of FAULTS) {
  test(`a key whose write ${what} is not shown, and no part of it stays`, { skip: needsShim() }, () => {
    const directory = mkdtempSync(join(tmpdir(), 'cistern-key-'));
    after(() => rmSync(directory, { recursive: true, force: true }));
    const shim = new FaultShim(directory);
    after(() => shim.close());
    shim.arm({ kinds: ['write'] }, { at: 1, lasting: true, action });
    const program = `const { rootKeyOf } = await import(${JSON.stringify(MODULE)});
      console.log(rootKeyOf(${JSON.stringify(directory)}).credentials.accessKeyId);`;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...process.env, ...shim.env },
      encoding: 'utf8',
    });
    assert.ok(shim.fired > 0);
    assert.notEqual(status, 0, `it was shown: ${stdout}`);
    assert.deepEqual(readdirSync(directory), []);
  });
}
