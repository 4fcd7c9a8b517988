/**
 * @module After a sync that failed nothing is acknowledged any more, until a restart has re-read the disk. The fault is
 * the system's own answer to the system call, injected by strace.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { eventually } from '../support/eventually.ts';
import { startServerProcess } from './server-process.ts';
import { StartFailure } from '../support/server-process.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { FaultShim, needsShim } from './shim/shim.ts';
import { attach, needsStrace } from './strace.ts';

const LARGE = randomBytes(100_000);

/** Holds that nothing is written any more and everything is read, whatever the disk does, until a restart. */
async function assertStopped(dataDir: string, { s3, endpoint }: ServerProcess): Promise<void> {
  // Many, on several connections: they are served by all threads.
  const writes = Array.from({ length: 8 }, (_, i) => s3.object('PUT', 'stop', `after ${i}`, { body: 'x' }));
  for (const response of await Promise.all(writes)) expectError(response, 503, 'ServiceUnavailable');
  expectError(await s3.object('PUT', 'stop', 'after', { body: LARGE }), 503, 'ServiceUnavailable');
  expectError(await s3.object('DELETE', 'stop', 'before'), 503, 'ServiceUnavailable');
  expectError(await s3.bucket('PUT', 'another'), 503, 'ServiceUnavailable');
  assert.equal((await s3.object('GET', 'stop', 'before')).text, 'before');
  assert.ok((await s3.object('GET', 'stop', 'large')).body.equals(LARGE));
  assert.deepEqual(await readdir(join(dataDir, 'tmp')), []);
  await eventually(async () => {
    const ready = await fetch(`${endpoint}/-/health/ready`);
    assert.equal(ready.status, 503);
  });
}

interface Fault {
  readonly name: string;
  readonly expressions: readonly string[];
  readonly threads: 'all' | 'files';
  readonly body: string | Buffer;
  /** What the system was asked to sync then. */
  readonly path: RegExp;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'the log',
    expressions: ['trace=fdatasync,fsync', 'inject=fdatasync,fsync:error=EIO'],
    threads: 'all',
    body: 'during',
    path: /\/catalog\.db-wal>/,
  },
  {
    name: 'a blob file',
    expressions: ['trace=fdatasync', 'inject=fdatasync:error=EIO'],
    threads: 'files',
    body: randomBytes(300_000),
    path: /\/tmp\/[^/]+>/,
  },
  {
    name: 'the directory of a blob file',
    expressions: ['trace=fsync', 'inject=fsync:error=EIO'],
    threads: 'files',
    body: randomBytes(300_001),
    path: /\/blobs\b[^>]*>/,
  },
];

for (const { name, expressions, threads, body, path } of FAULTS) {
  test(`a failed sync of ${name} stops all writes, not the reads`, { skip: needsStrace }, async (t) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'cistern-fail-stop-'));
    after(() => rm(dataDir, { recursive: true, force: true }));
    const server = await startServerProcess(dataDir, ['--buckets', 'stop']);
    await server.s3.put('stop', 'before', 'before');
    await server.s3.put('stop', 'large', LARGE);

    const trace = await attach(server.child.pid ?? 0, expressions, { threads });
    if (typeof trace === 'string') {
      t.skip(trace);
      return;
    }
    expectError(await server.s3.object('PUT', 'stop', 'during', { body }), 503, 'ServiceUnavailable');
    const calls = await trace.stop();
    const failed = calls.filter(({ text }) => text.includes('(INJECTED)'));
    assert.match(failed[0]?.text ?? '', path);
    // The disk works again, but what it holds is not known.
    await assertStopped(dataDir, server);
    await server.kill();

    const again = await startServerProcess(dataDir);
    expectStatus(await again.s3.object('PUT', 'stop', 'later', { body: 'x' }), 200);
    assert.equal((await again.s3.object('GET', 'stop', 'before')).text, 'before');
    assert.ok((await again.s3.object('GET', 'stop', 'large')).body.equals(LARGE));
    // What was asked of the log was refused, and may be there all the same.
    for (const key of threads === 'all' ? ['after', 'after 0'] : ['during', 'after', 'after 0']) {
      assert.equal((await again.s3.object('GET', 'stop', key)).status, 404);
    }
    await again.kill();
  });
}

test('nothing is acknowledged while the name of the log may be lost', { skip: needsShim() }, async () => {
  const dataDir = await realpath(await mkdtemp(join(tmpdir(), 'cistern-fail-stop-')));
  after(() => rm(dataDir, { recursive: true, force: true }));
  const shim = new FaultShim(dataDir);
  after(() => shim.close());
  // An orderly end leaves no log: the next start makes one.
  const first = await startServerProcess(dataDir, ['--buckets', 'stop']);
  first.child.kill('SIGTERM');
  await first.exited;
  await first.s3.close();
  // The first sync of the directory is of what the start itself has made.
  const fault = { at: 2, lasting: true, action: { do: 'fail', error: 'EIO' } } as const;
  shim.arm({ kinds: ['fsync'], path: `${dataDir}$` }, fault);
  await assert.rejects(async () => {
    const server = await startServerProcess(dataDir, [], [], shim.env);
    expectStatus(await server.s3.object('PUT', 'stop', 'key', { body: 'x' }), 200);
    await server.kill();
  }, StartFailure);
  assert.ok(shim.fired > 0);
});
