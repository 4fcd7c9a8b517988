/**
 * @module One process owns a data directory, whatever path leads to it: a link, a mount of it in another place, or its own
 * process once more. (An owner that is stopped: `resources/pause.ts`. Newer formats: `restart.test.ts`.)
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';

import { startServer } from 'cistern';

import { StartFailure } from '../support/server-process.ts';
import { startServerProcess } from './server-process.ts';

const IN_USE = /in use by another process/;

const folder = await mkdtemp(join(tmpdir(), 'cistern-owner-'));
after(() => rm(folder, { recursive: true, force: true }));
const dataDir = join(folder, 'data');
const owner = await startServerProcess(dataDir, ['--buckets', 'owned']);
await owner.s3.put('owned', 'key', 'x');
after(() => owner.s3.close());

async function expectRefused(start: Promise<unknown>): Promise<void> {
  await assert.rejects(start, (error: unknown) => {
    assert.match((error as Error).message, IN_USE);
    if (error instanceof StartFailure) assert.equal(error.exitCode, 1);
    return true;
  });
  assert.equal((await owner.s3.object('GET', 'owned', 'key')).text, 'x');
}

test('by a link to the directory, or to one above it', async () => {
  await symlink(dataDir, join(folder, 'link'));
  await symlink(folder, join(folder, 'above'));
  await expectRefused(startServerProcess(join(folder, 'link')));
  await expectRefused(startServerProcess(join(folder, 'above', 'data')));
});

test('by a mount of it in another place', { skip: needsMounts() }, async (t: TestContext) => {
  const place = join(folder, 'mounted');
  await mkdir(place);
  assert.equal(spawnSync('mount', ['--bind', dataDir, place]).status, 0);
  t.after(() => spawnSync('umount', ['--lazy', place]));
  await expectRefused(startServerProcess(place));
});

test('by the program that has it open, a second time', async () => {
  const own = join(folder, 'own');
  const first = await startServer({ dataDir: own });
  await assert.rejects(startServer({ dataDir: own }), IN_USE);
  await first.close();
  await (await startServer({ dataDir: own })).close();
});

function needsMounts(): string | false {
  if (process.platform !== 'linux') return 'binds a directory to another place as Linux does';
  return process.getuid?.() === 0 ? false : 'only root may mount: run it as root';
}
