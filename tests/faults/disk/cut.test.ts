/**
 * @module Power cuts on ext4 and XFS, a few of each: the long form, `npm run prove -- cut`, has the seed that a failure tells.
 */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';

import { expectError } from '../../support/expect.ts';
import { startServerProcess } from '../server-process.ts';
import { CutRun } from './cut-run.ts';
import { needsShim } from '../shim/shim.ts';
import { LoopDisk, needsLoopDisk, XFS_MIB_MIN } from './loop-disk.ts';
import { cutAtPositions } from './position-cuts.ts';

const ROUNDS = 3;
const CUTS_AT_CALLS = 4;

for (const fs of ['ext4', 'xfs'] as const) {
  const options = { skip: needsLoopDisk(fs) };

  test(`what was acknowledged survives power cuts on ${fs}`, options, async (t) => {
    const seed = process.env['CISTERN_CUT_SEED'] ?? String(randomInt(2 ** 31));
    t.diagnostic(`CISTERN_CUT_SEED=${seed}`);
    const disk = await LoopDisk.create({ fs, mib: XFS_MIB_MIN });
    t.after(() => disk.remove());
    const run = new CutRun(disk, seed);
    await run.firstStart();
    for (let round = 0; round < ROUNDS; round++) await run.round();
    await run.last();
    assert.ok(run.acknowledged >= ROUNDS);
    assert.equal(await disk.check(), undefined);
  });

  test(
    `and so it does cuts at any call of a write, on ${fs}`,
    { skip: needsLoopDisk(fs) || needsShim() },
    async (t) => {
      const seed = process.env['CISTERN_CUT_SEED'] ?? String(randomInt(2 ** 31));
      t.diagnostic(`CISTERN_CUT_SEED=${seed}`);
      const violations: string[] = [];
      let cuts = 0;
      await cutAtPositions({
        fs,
        seed,
        walks: ['PUT of a file', 'append of a row', 'first start'],
        over: () => cuts === CUTS_AT_CALLS,
        violation: (report) => void violations.push(report),
        onCut: () => void cuts++,
      });
      assert.deepEqual(violations, []);
      assert.equal(cuts, CUTS_AT_CALLS);
    },
  );

  test(`a disk that cannot be read any more ends no server, on ${fs}`, options, async (t) => {
    const disk = await LoopDisk.create({ fs, mib: XFS_MIB_MIN });
    const server = await startServerProcess(`${disk.path}/data`, ['--buckets', 'gone', '--threads', '1']);
    t.after(async () => {
      await server.kill();
      await disk.remove();
    });
    const { s3 } = server;
    await s3.put('gone', 'key', 'x');
    await disk.cutPower();
    for (let i = 0; i < 5; i++) {
      expectError(await s3.object('PUT', 'gone', 'key', { body: 'y' }), 503, 'ServiceUnavailable');
      assert.ok([200, 500].includes((await s3.object('GET', 'gone', 'key')).status));
    }
    assert.equal((await fetch(`${server.endpoint}/-/health/live`)).status, 200);
    assert.equal((await fetch(`${server.endpoint}/-/health/ready`)).status, 503);
    assert.equal(server.child.exitCode, null);
  });
}
