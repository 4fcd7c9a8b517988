/**
 * @module The reaper against everybody: clients put, delete, copy, complete and abort the same few contents, the reaper
 * runs all the time, and the server is killed at any moment. Nothing that anybody was promised may be deleted, and
 * nothing that nobody needs may be left.
 *
 * Cycles: `CISTERN_GARBAGE_CYCLES`, 20 by default (`npm run prove:garbage`: 300). `CISTERN_GARBAGE_SEED` replays a run's
 * choices; what was in flight at the moment of death is the system's. Each cycle works on what those before have left.
 */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { lockDataDirectory, runFsck } from '@cistern/server';
import type { FsckEvent, FsckReport } from '@cistern/server';

import { eventually } from '../support/eventually.ts';
import type { S3 } from '../support/s3.ts';
import { elements, text } from '../support/xml.ts';
import { KillLoad } from './kill-load.ts';
import type { LoadProfile } from './kill-load.ts';
import { seededChoice } from './seeded.ts';
import { startServerProcess } from './server-process.ts';

const CYCLES = Number(process.env['CISTERN_GARBAGE_CYCLES'] ?? 20);
const SEED = process.env['CISTERN_GARBAGE_SEED'] ?? String(randomInt(2 ** 31));
const CLIENTS = 16;
/** That a server acknowledges before it is killed. */
const WRITES_MAX = 120;

/** Files but for one, and so few that each is given up, reaped and written again all the time. */
const SIZES = [20_000, 65_537, 70_000, 80_000, 90_000, 100_000, 300_000, 1_000_000];
const PROFILE: LoadProfile = {
  bucket: 'garbage',
  keys: 6,
  operations: [
    'put',
    'put',
    'delete',
    'delete',
    'copy',
    'read',
    'linger',
    'linger',
    'multipart',
    'multipart',
    'multipart',
  ],
  keepContents: true,
  source: { bucket: 'garbage-source', key: 'source' },
  content: (pick) => {
    const index = pick(SIZES.length);
    return { name: `content ${index}`, size: SIZES[index] ?? 0 };
  },
};
const ARGUMENTS = ['--buckets', `${PROFILE.bucket},garbage-source`, '--reaper-idle', '1', '--threads', '2'];

console.log(`garbage: ${CYCLES} cycles, CISTERN_GARBAGE_SEED=${SEED}`);

const load = new KillLoad(SEED, PROFILE);
const pick = seededChoice(SEED);
let checkedLive = 0;

const dataDir = await mkdtemp(join(tmpdir(), 'cistern-garbage-'));
after(() => rm(dataDir, { recursive: true, force: true }));

/** What a crash left: everything that there should be, though some of it be garbage. */
async function checkOffline(): Promise<FsckReport> {
  const lock = lockDataDirectory(dataDir);
  try {
    const report = await runFsck({ dataDir, live: false, quick: false });
    assert.deepEqual(report.problems, []);
    return report;
  } finally {
    lock.close();
  }
}

/** By the server itself. Undefined when it was killed meanwhile. */
async function checkLive(s3: S3): Promise<FsckReport | undefined> {
  const response = await s3.send('POST', '/-/api/fsck').catch(() => undefined);
  if (response === undefined) return undefined;
  assert.equal(response.status, 200, response.text);
  const events = response.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as FsckEvent);
  const last = events.at(-1);
  assert.ok(last?.type === 'result', response.text);
  assert.deepEqual(last.report.problems, []);
  return last.report;
}

/** Checks one after another beside the load, until the connection breaks. */
async function keepChecking(s3: S3): Promise<void> {
  while ((await checkLive(s3)) !== undefined) checkedLive++;
}

/** Nothing waits for the reaper any more. */
function reaped(s3: S3): Promise<void> {
  return eventually(async () => {
    const report = await checkLive(s3);
    assert.deepEqual(Object.values(report?.awaiting ?? {}), [0, 0, 0, 0, 0]);
  });
}

/** What the server's structured log tells: it warns of nothing here. */
function faultsOf(log: string): string[] {
  return log.split('\n').filter((line) => line.startsWith('{'));
}

async function blobFiles(): Promise<string[]> {
  const entries = await readdir(join(dataDir, 'blobs'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

for (let cycle = 1; cycle <= CYCLES; cycle++) {
  test(`cycle ${cycle}`, async () => {
    const server = await startServerProcess(dataDir, ARGUMENTS);
    try {
      if (cycle === 1) await load.prepare(server.s3);
      await load.verify(server.s3);
      // They would hold every content for good.
      await abortUploads(server.s3);
      const enough = load.acknowledged + 1 + pick(WRITES_MAX);
      const clients = Array.from({ length: CLIENTS }, (_, i) =>
        load.write(server.s3, `cycle ${cycle} client ${i}`).then(() => {
          assert.ok(server.child.killed, 'an answer broke off while the server was alive');
        }),
      );
      const ended = new AbortController();
      const written = Promise.all(cycle % 3 === 0 ? [...clients, keepChecking(server.s3)] : clients).finally(
        () => ended.abort(),
      );
      const killed = (async () => {
        while (!ended.signal.aborted && load.acknowledged < enough) await delay(1);
        server.child.kill('SIGKILL');
      })();
      await Promise.all([written, killed]);
      load.resolveCopies();
      assert.deepEqual(faultsOf(server.log()), []);
    } finally {
      await server.kill();
    }
    await checkOffline();
  });
}

test('after the last kill nothing is missing, and after one more pass nothing is left over', async (t) => {
  const server = await startServerProcess(dataDir, ARGUMENTS);
  try {
    await load.verify(server.s3);
    await abortUploads(server.s3);
    await reaped(server.s3);
  } finally {
    await server.kill();
  }
  const { checked, awaiting } = await checkOffline();
  assert.deepEqual(Object.values(awaiting), [0, 0, 0, 0, 0]);
  t.diagnostic(
    `${load.acknowledged} acknowledged writes in ${CYCLES} cycles, ${checkedLive} checks of the live server, ` +
      `${checked.files} files left for ${checked.versions} objects`,
  );
  assert.ok(load.acknowledged >= CYCLES, 'the load never got going');
});

test('when everything is deleted no file is left, and no row', async () => {
  const server = await startServerProcess(dataDir, ARGUMENTS);
  try {
    const keys = [...load.histories.keys()].map((key) => [PROFILE.bucket, key] as const);
    for (const [bucket, key] of [...keys, ['garbage-source', 'source'] as const]) {
      const response = await server.s3.object('DELETE', bucket, key);
      assert.equal(response.status, 204, response.text);
    }
    await reaped(server.s3);
    assert.deepEqual(await blobFiles(), []);
  } finally {
    await server.kill();
  }
  const { versions, manifests, extents, parts, blobs } = (await checkOffline()).checked;
  assert.deepEqual(
    { versions, manifests, extents, parts, blobs },
    {
      versions: 0,
      manifests: 0,
      extents: 0,
      parts: 0,
      blobs: 0,
    },
  );
});

/** Those that were under way when the server was killed. */
async function abortUploads(s3: S3): Promise<void> {
  const listing = await s3.bucket('GET', PROFILE.bucket, { query: 'uploads=' });
  assert.equal(listing.status, 200, listing.text);
  for (const upload of elements(listing.text, 'Upload')) {
    const key = text(upload, 'Key') ?? '';
    const query = { uploadId: text(upload, 'UploadId') ?? '' };
    const response = await s3.object('DELETE', PROFILE.bucket, key, { query });
    assert.equal(response.status, 204, response.text);
  }
}
