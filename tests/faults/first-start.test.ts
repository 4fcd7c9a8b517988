/**
 * @module A first start that is killed at each call by which it makes its data directory: the next one makes durable what that has
 * left, and serves. What was synced is seen at the calls: ext4 and XFS keep directories in order, and lose none.
 */

import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { expectStatus } from '../support/expect.ts';
import { StartFailure } from '../support/server-process.ts';
import { startServerProcess } from './server-process.ts';
import { FaultShim, needsShim } from './shim/shim.ts';
import type { CallKind, Plan } from './shim/shim.ts';

const BELOW = ['a', 'b', 'data'];
const KINDS: readonly CallKind[] = ['mkdir', 'fsync'];

test('what a first start that was killed has made is made durable', { skip: needsShim() }, async (t) => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'cistern-first-')));
  const shim = new FaultShim(folder);
  t.after(async () => {
    shim.close();
    await rm(folder, { recursive: true });
  });
  const start = async (dataDir: string, plan?: Plan): ReturnType<typeof startServerProcess> => {
    shim.arm({ kinds: KINDS }, plan);
    return startServerProcess(dataDir, ['--buckets', 'first', '--threads', '1'], [], { ...shim.env });
  };
  const parents = (top: string): string[] => [
    folder,
    ...BELOW.slice(0, -1).map((_, i) => join(top, ...BELOW.slice(0, i))),
  ];
  const synced = (): string[] =>
    shim
      .calls()
      .filter(({ kind }) => kind === 'fsync')
      .map(({ path }) => path);

  // Those that make are 1 to 4, those that sync 5 to 8.
  for (const at of [2, 4, 5, 7, 8]) {
    const top = join(folder, `killed-${at}`);
    const dataDir = join(top, ...BELOW);
    await assert.rejects(start(dataDir, { action: { do: 'signal-before' }, at }), StartFailure);
    const before = synced().slice(0, -1);
    const server = await start(dataDir);
    const all = new Set([...before, ...synced()]);
    for (const parent of parents(top)) assert.ok(all.has(parent), `${parent}, killed before ${at}`);
    expectStatus(await server.s3.object('PUT', 'first', 'k', { body: 'x' }), 200);
    await server.kill();
  }
});
