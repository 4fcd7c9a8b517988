/**
 * @module Blob files that cannot be written, synced or put in their place: the upload is refused, nothing of it stays,
 * and only a failed sync stops the writing. The faults are the system's own answers, injected by strace.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { eventually } from '../support/eventually.ts';
import type { S3Response } from '../support/s3.ts';
import { startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';
import { attach, needsStrace } from './strace.ts';

/** Written past the page cache where the disk can, and then cut to its length: this is no multiple of a block. */
const BODY = randomBytes(4 * 1024 * 1024 + 1);

interface Store {
  readonly dataDir: string;
  readonly server: ServerProcess;
  readonly put: (key: string, body: Buffer | string) => Promise<S3Response>;
}

async function start(): Promise<Store> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-blob-files-'));
  after(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startServerProcess(dataDir, ['--buckets', 'faults']);
  const put: Store['put'] = (key, body) =>
    server.s3.object('PUT', 'faults', key, { body, payload: 'UNSIGNED-PAYLOAD' });
  return { dataDir, server, put };
}

/** What the server answers to PUT of BODY under these faults; undefined, with the test skipped, where none can be had. */
async function putUnder(
  t: TestContext,
  { server, put }: Store,
  faults: readonly string[],
): Promise<S3Response | undefined> {
  const trace = await attach(server.child.pid ?? 0, faults);
  if (typeof trace === 'string') {
    t.skip(trace);
    return undefined;
  }
  const response = await put('refused', BODY);
  const calls = await trace.stop();
  assert.ok(
    calls.some(({ text }) => text.includes('(INJECTED)')),
    'the server made no such call',
  );
  return response;
}

/** Blobs that are reserved, as the metrics page tells. */
async function reserved({ server }: Store): Promise<number> {
  const page = await (await fetch(`${server.endpoint}/-/metrics`)).text();
  return Number(/^cistern_blobs_reserved (\d+)$/m.exec(page)?.[1]);
}

async function blobFiles({ dataDir }: Store): Promise<string[]> {
  const entries = await readdir(join(dataDir, 'blobs'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** Holds that an upload left nothing, and that the next one succeeds. */
async function assertGoesOn(store: Store): Promise<void> {
  const { dataDir, server, put } = store;
  assert.equal((await server.s3.object('GET', 'faults', 'refused')).status, 404);
  assert.deepEqual(await readdir(join(dataDir, 'tmp')), []);
  await eventually(async () => assert.equal(await reserved(store), 0));
  await eventually(async () => assert.deepEqual(await blobFiles(store), []));
  expectStatus(await put('refused', BODY), 200);
  assert.ok((await server.s3.object('GET', 'faults', 'refused')).body.equals(BODY));
}

/** For `skip`: why no file is cut to its length here, or false. */
const needsDirectWrites: string | false = (() => {
  const folder = mkdtempSync(join(tmpdir(), 'cistern-direct-'));
  try {
    closeSync(openSync(join(folder, 'file'), constants.O_WRONLY | constants.O_CREAT | constants.O_DIRECT));
    return false;
  } catch {
    return 'the disk of temporary files cannot be written past the page cache';
  } finally {
    rmSync(folder, { recursive: true });
  }
})();

interface Case {
  /** What fails. */
  readonly name: string;
  readonly faults: readonly string[];
  readonly skip: string | false;
}

const CASES: readonly Case[] = [
  {
    name: 'a write',
    // While the first of several is being written the others gather, and are written by one call.
    faults: ['trace=pwrite64,pwritev', 'inject=pwritev:error=EIO', 'inject=pwrite64:delay_enter=50000'],
    skip: needsStrace,
  },
  { name: 'a rename', faults: ['trace=rename', 'inject=rename:error=EACCES'], skip: needsStrace },
  {
    name: 'a truncation',
    // It fails while the reservation is still being committed.
    faults: [
      'trace=ftruncate,fdatasync',
      'inject=ftruncate:error=EIO',
      'inject=fdatasync:delay_enter=100000',
    ],
    skip: needsStrace || needsDirectWrites,
  },
];

for (const { name, faults, skip } of CASES) {
  test(
    `${name} that fails refuses the upload, which leaves nothing, and writing goes on`,
    { skip },
    async (t) => {
      const store = await start();
      const failed = await putUnder(t, store, faults);
      if (failed === undefined) return;
      expectError(failed, 500, 'InternalError');
      await assertGoesOn(store);
      await store.server.kill();
    },
  );
}
