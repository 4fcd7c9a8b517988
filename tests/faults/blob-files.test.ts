/**
 * @module Blob files that cannot be written, synced or put in their place: the upload is refused, nothing of it stays,
 * and only a failed sync stops the writing. The faults are the system's own answers, injected by strace.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';

import type { BlobWriter } from '../../packages/server/src/blobs/blob-store.ts';
import { FileBlobStore, prepareDirectories } from '../../packages/server/src/blobs/files/file-blob-store.ts';
import { SlabPool } from '../../packages/server/src/blobs/ingest/slab-pool.ts';
import { expectError, expectStatus } from '../support/expect.ts';
import { eventually } from '../support/eventually.ts';
import { readMetric } from '../support/metrics.ts';
import type { S3Response } from '../support/s3.ts';
import { startServerProcess } from './server-process.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { attach, needsStrace } from './strace.ts';

interface Store {
  readonly dataDir: string;
  readonly server: ServerProcess;
  readonly put: (key: string, body: Buffer) => Promise<S3Response>;
}

interface Fault {
  /** What fails. */
  readonly name: string;
  readonly expressions: readonly string[];
  readonly threads: 'all' | 'files';
  /** Bytes of the upload. */
  readonly size: number;
  readonly skip: string | false;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'a write',
    expressions: ['trace=pwrite64,pwritev', 'inject=pwrite64,pwritev:error=EIO'],
    threads: 'files',
    // The rest of more than a megabyte would not be read, and the client might not get to see the answer.
    size: 500_000,
    skip: needsStrace,
  },
  {
    name: 'a rename',
    expressions: ['trace=rename', 'inject=rename:error=EACCES'],
    threads: 'files',
    size: 500_000,
    skip: needsStrace,
  },
];

for (const fault of FAULTS) {
  const { name, size, skip } = fault;
  test(
    `${name} that fails refuses the upload, which leaves nothing, and writing goes on`,
    { skip },
    async (t) => {
      const store = await start();
      const body = randomBytes(size);
      const refused = await putUnder(t, { store, fault, body });
      if (refused === undefined) return;
      expectError(refused, 500, 'InternalError');
      await assertGoesOn(store, body);
      await store.server.kill();
    },
  );
}

const MIB = 1024 * 1024;

/** A blob that is written without a server: what would be more than a test should send is announced only. */
async function startWriting(announced: number): Promise<{ root: string; writer: BlobWriter; bytes: Buffer }> {
  const root = await mkdtemp(join(tmpdir(), 'cistern-blob-files-'));
  after(() => rm(root, { recursive: true, force: true }));
  await prepareDirectories(root);
  const slab = new SlabPool({ extra: 3, perUser: 4 }).share().take(4);
  assert.ok(slab);
  return { root, writer: await new FileBlobStore(root).create(announced), bytes: slab.bytes };
}

// Only what is written past the page cache, in whole blocks, is cut to its length.
test(
  'a truncation that fails is told by the sync, and leaves nothing',
  { skip: needsStrace || needsDirectWrites() },
  async (t) => {
    const { root, writer, bytes } = await startWriting(Math.max(64 * MIB, totalmem() / 16));
    await writer.write(bytes.subarray(0, 5000), 0);
    const trace = await attach(process.pid, ['trace=ftruncate', 'inject=ftruncate:error=EIO']);
    if (typeof trace === 'string') {
      t.skip(trace);
      return;
    }
    await assert.rejects(writer.sync(), { code: 'EIO', syscall: 'ftruncate' });
    await trace.stop();
    await writer.discard();
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
  },
);

// The last one would succeed: the system tells of lost bytes once.
test('a sync that fails while more is written is told by the last one', { skip: needsStrace }, async (t) => {
  const { root, writer, bytes } = await startWriting(100 * MIB);
  const trace = await attach(process.pid, ['trace=fdatasync', 'inject=fdatasync:error=EIO']);
  if (typeof trace === 'string') {
    t.skip(trace);
    return;
  }
  // The second step waits for the first.
  for (let at = 0; at < 33 * MIB; at += bytes.length) await writer.write(bytes, at);
  await trace.stop();
  await assert.rejects(writer.sync(), { code: 'EIO', syscall: 'fdatasync' });
  await writer.discard();
  assert.deepEqual(await readdir(join(root, 'tmp')), []);
});

async function start(): Promise<Store> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-blob-files-'));
  after(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startServerProcess(dataDir, ['--buckets', 'faults']);
  const put: Store['put'] = (key, body) =>
    server.s3.object('PUT', 'faults', key, { body, payload: 'UNSIGNED-PAYLOAD' });
  return { dataDir, server, put };
}

/** What the server answers to PUT under a fault; undefined, with the test skipped, where none can be had. */
async function putUnder(
  t: TestContext,
  { store, fault, body }: { store: Store; fault: Fault; body: Buffer },
): Promise<S3Response | undefined> {
  const { server, put } = store;
  const trace = await attach(server.child.pid ?? 0, fault.expressions, { threads: fault.threads });
  if (typeof trace === 'string') {
    t.skip(trace);
    return undefined;
  }
  const response = await put('refused', body);
  const calls = await trace.stop();
  assert.ok(
    calls.some(({ text }) => text.includes('(INJECTED)')),
    'the server made no such call',
  );
  return response;
}

/** Holds that an upload left nothing, and that the next one succeeds. */
async function assertGoesOn(store: Store, body: Buffer): Promise<void> {
  const { dataDir, server, put } = store;
  assert.equal((await server.s3.object('GET', 'faults', 'refused')).status, 404);
  assert.deepEqual(await readdir(join(dataDir, 'tmp')), []);
  await eventually(async () => assert.equal(await blobsReserved(server), 0));
  await eventually(async () => assert.deepEqual(await blobFiles(dataDir), []));
  expectStatus(await put('refused', body), 200);
  assert.ok((await server.s3.object('GET', 'faults', 'refused')).body.equals(body));
}

const blobsReserved = ({ s3 }: ServerProcess): Promise<number> => readMetric(s3, 'cistern_blobs_reserved');

async function blobFiles(dataDir: string): Promise<string[]> {
  const entries = await readdir(join(dataDir, 'blobs'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** For `skip`: why no file is cut to its length here, or false. */
function needsDirectWrites(): string | false {
  const folder = mkdtempSync(join(tmpdir(), 'cistern-direct-'));
  try {
    closeSync(openSync(join(folder, 'file'), constants.O_WRONLY | constants.O_CREAT | constants.O_DIRECT));
    return false;
  } catch {
    return 'the disk of temporary files cannot be written past the page cache';
  } finally {
    rmSync(folder, { recursive: true });
  }
}
