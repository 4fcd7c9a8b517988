/**
 * @module The reaper against everybody: clients put, delete, copy, complete and abort the same few contents, the reaper
 * runs all the time, and the server is killed at any moment. Nothing that anybody was promised may be deleted, and
 * nothing that nobody needs may be left.
 *
 * Cycles: `CISTERN_GARBAGE_CYCLES`, 10 by default (`npm run prove:garbage`: 300). `CISTERN_GARBAGE_SEED` replays a run's
 * choices; what was in flight at the moment of death is the system's. Each cycle works on what those before have left.
 */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { lockDataDirectory, runFsck } from '@cistern/server';
import type { FsckEvent, FsckReport } from '@cistern/server';

import { eventually } from '../support/eventually.ts';
import type { S3 } from '../support/s3.ts';
import { texts } from '../support/xml.ts';
import { Oracle } from './oracle/oracle.ts';
import { BUCKET_LIST, BUCKETS, GARBAGE } from './oracle/profile.ts';
import { seededChoice } from './seeded.ts';
import { startServerProcess } from './server-process.ts';

const CYCLES = Number(process.env['CISTERN_GARBAGE_CYCLES'] ?? 10);
const SEED = process.env['CISTERN_GARBAGE_SEED'] ?? String(randomInt(2 ** 31));
/** That a server acknowledges before it is killed. */
const WRITES_MAX = 120;

const ARGUMENTS = ['--buckets', BUCKET_LIST, '--reaper-idle', '1', '--threads', '2'];

console.log(`garbage: ${CYCLES} cycles, CISTERN_GARBAGE_SEED=${SEED}`);

const pick = seededChoice(SEED);
let acknowledged = 0;
let checkedLive = 0;

const dataDir = await mkdtemp(join(tmpdir(), 'cistern-garbage-'));
const logDir = await mkdtemp(join(tmpdir(), 'cistern-oracle-'));
const oracle = await Oracle.start({ logPath: join(logDir, 'log'), seed: SEED });
after(async () => {
  await oracle.close();
  for (const path of [dataDir, logDir]) await rm(path, { recursive: true, force: true });
});

/** Holds it to what it has acknowledged; uploads that were under way would hold every content for good. */
async function verify(endpoint: string): Promise<void> {
  assert.deepEqual((await oracle.verify(endpoint, { all: true })).problems, []);
}

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
      if (cycle === 1) await oracle.prepare(server.endpoint);
      await verify(server.endpoint);
      const load = oracle.load(server.endpoint, { profile: GARBAGE, tellAt: 1 + pick(WRITES_MAX) });
      const checking = cycle % 3 === 0 ? keepChecking(server.s3) : undefined;
      await load.reached;
      server.child.kill('SIGKILL');
      const { problems, ...counts } = await load.ended;
      acknowledged += counts.acknowledged;
      assert.deepEqual(problems, []);
      assert.equal(counts.refused, 0);
      await checking;
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
    await verify(server.endpoint);
    await reaped(server.s3);
  } finally {
    await server.kill();
  }
  const { checked, awaiting } = await checkOffline();
  assert.deepEqual(Object.values(awaiting), [0, 0, 0, 0, 0]);
  t.diagnostic(
    `${acknowledged} acknowledged writes in ${CYCLES} cycles, ${checkedLive} checks of the live server, ` +
      `${checked.files} files left for ${checked.versions} objects`,
  );
  assert.ok(acknowledged >= CYCLES, 'the load never got going');
});

test('when everything is deleted no file is left, and no row', async () => {
  const server = await startServerProcess(dataDir, ARGUMENTS);
  try {
    const listing = await server.s3.bucket('GET', BUCKETS.plain, { query: { 'list-type': '2' } });
    for (const key of texts(listing.text, 'Key')) {
      const response = await server.s3.object('DELETE', BUCKETS.plain, key);
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
