/**
 * @module kill -9 under load: every acknowledged write is there afterwards, whole; of the others the old or the new state.
 *
 * Rounds: `CISTERN_KILL_ROUNDS`, 20 by default. `CISTERN_KILL_SEED` replays a run's choices; what was in flight at the
 * moment of death is the system's. Each round works on what the rounds before have left.
 */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { sha256Hex } from '../support/s3.ts';
import type { S3 } from '../support/s3.ts';
import { KILL_PROFILE, KillLoad } from './kill-load.ts';
import { seededChoice } from './seeded.ts';
import { startServerProcess } from './server-process.ts';

const ROUNDS = Number(process.env['CISTERN_KILL_ROUNDS'] ?? 20);
const SEED = process.env['CISTERN_KILL_SEED'] ?? String(randomInt(2 ** 31));
const WRITERS = 12;
/** From the first acknowledgement on. */
const LIFE_MS_MAX = 600;

console.log(`kill -9: ${ROUNDS} rounds, CISTERN_KILL_SEED=${SEED}`);

const load = new KillLoad(SEED, KILL_PROFILE);
const pick = seededChoice(SEED);

/** Holds every key, the listing and every file to what they may be. */
async function verify(s3: S3, dataDir: string): Promise<void> {
  await load.verify(s3);
  await verifyBlobs(join(dataDir, 'blobs'));
}

async function verifyBlobs(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    // The reaper may be deleting what nothing refers to.
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes !== undefined)
      assert.equal(sha256Hex(bytes), basename(file), `${file} is not what its name says`);
  }
}

const dataDir = await mkdtemp(join(tmpdir(), 'cistern-kill-'));
after(() => rm(dataDir, { recursive: true, force: true }));

for (let round = 1; round <= ROUNDS; round++) {
  test(`round ${round}`, async () => {
    const server = await startServerProcess(dataDir, ['--buckets', KILL_PROFILE.bucket]);
    try {
      assert.deepEqual(await readdir(join(dataDir, 'tmp')), [], 'temporary files survived the start');
      await verify(server.s3, dataDir);
      const before = load.acknowledged;
      const writers = Array.from({ length: WRITERS }, (_, i) =>
        load.write(server.s3, `round ${round} writer ${i}`),
      );
      const ended = new AbortController();
      const written = Promise.all(writers).finally(() => ended.abort());
      const killed = (async () => {
        while (!ended.signal.aborted && load.acknowledged === before) await delay(1);
        await delay(pick(LIFE_MS_MAX));
        server.child.kill('SIGKILL');
      })();
      await Promise.all([written, killed]);
      load.resolveCopies();
    } finally {
      await server.kill();
    }
  });
}

test('after the last kill everything acknowledged is there, and whole', async (t) => {
  const server = await startServerProcess(dataDir);
  try {
    await verify(server.s3, dataDir);
  } finally {
    await server.kill();
  }
  t.diagnostic(`${load.acknowledged} acknowledged writes in ${ROUNDS} rounds, 0 lost`);
  assert.ok(load.acknowledged >= ROUNDS * 10, 'the load never got going');
});
