/**
 * @module An acknowledged write is on the disk: the order in which the server asks the system to write, to sync and to
 * answer, as strace sees it. Killing a process cannot show this, since the system still has what it wrote.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';

import { eventually } from '../support/eventually.ts';
import { readMetric } from '../support/metrics.ts';
import type { S3, S3Response } from '../support/s3.ts';
import { startServerProcess } from './server-process.ts';
import { attach, needsStrace } from './strace.ts';
import type { SystemCall } from './strace.ts';

const CALLS =
  'trace=mkdir,mkdirat,rename,renameat,renameat2,fsync,fdatasync,pwrite64,pwritev,pwritev2,write,writev';

/** Every sync takes 30 ms longer (strace counts microseconds), so that what does not wait for it comes before its end. */
const SLOW = 'inject=fsync,fdatasync:delay_enter=30000';

/** Of the catalog, bytes: what it writes to the log is traced whole, with the keys in it. */
const PAGE = 4096;

interface Traced {
  dataDir: string;
  calls: SystemCall[];
  /** the write of the answer to its socket */
  answer: SystemCall;
}

/** The system calls around one request that succeeds; undefined, with the test skipped, where nothing can be traced. */
async function traceRequest(
  t: TestContext,
  send: (s3: S3) => Promise<S3Response>,
): Promise<Traced | undefined> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-sync-'));
  after(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startServerProcess(dataDir, ['--buckets', 'sync', '--threads', '1']);
  await server.s3.put('sync', 'an-existing-key', 'x');
  const trace = await attach(server.child.pid ?? 0, [CALLS, SLOW], { bytes: PAGE });
  if (typeof trace === 'string') {
    t.skip(trace);
    return undefined;
  }
  const response = await send(server.s3);
  const calls = await trace.stop();
  await server.kill();
  assert.ok(response.status === 200 || response.status === 204, response.text);
  const answer = calls.find(({ name, text }) => name.startsWith('write') && text.includes('"HTTP/1.1 20'));
  assert.ok(answer, 'the answer is not in the trace');
  return { dataDir, calls, answer };
}

function isSync({ name }: SystemCall): boolean {
  return name === 'fsync' || name === 'fdatasync';
}

/**
 * Holds that the row of `key` came to the log after line `from`, that the log was synced when its transaction had been
 * written to the end, and the answer sent after that. What the server writes by itself meanwhile is other transactions.
 */
function assertLogSynced({ dataDir, calls, answer }: Traced, key: string, from: number): void {
  const log = `<${join(dataDir, 'catalog.db-wal')}>`;
  const ofLog = calls.filter(({ text, begin }) => text.includes(log) && begin > from);
  const row = ofLog.find(({ name, text }) => name.startsWith('pwrite') && text.includes(key));
  assert.ok(row, 'the row was not written to the log');
  // The log is synced by those who empty it, too; in order are the calls of the thread that writes.
  const sync = ofLog.find((call) => isSync(call) && call.thread === row.thread && call.begin > row.end);
  assert.ok(sync, 'the log was not synced');
  assert.ok(sync.end < answer.begin, 'the answer did not wait for the sync of the log');
  const last = ofLog.findLast(({ text, begin }) => begin < sync.begin && / 24, \d+\) = 24$/.test(text));
  assert.ok(last && isCommitFrame(last), 'the log was written again after its sync');
}

/**
 * Of the header of a frame of the log: the last of a transaction tells the size of the database in its second four
 * bytes, the others zero (https://sqlite.org/fileformat2.html#walformat).
 */
function isCommitFrame({ text }: SystemCall): boolean {
  const header = /"(.*)"/.exec(text)?.[1] ?? '';
  const bytes = header.match(/\\[0-7]{1,3}|\\.|[^\\]/g) ?? [];
  return bytes.slice(4, 8).some((byte) => byte !== '\\0');
}

test(
  'a blob is synced, renamed, its directories synced, then the log, then the answer sent',
  { skip: needsStrace },
  async (t) => {
    const body = randomBytes(300_000);
    const traced = await traceRequest(t, (s3) => s3.object('PUT', 'sync', 'the-key-of-a-blob', { body }));
    if (traced === undefined) return;
    const { dataDir, calls } = traced;
    const rename = calls.find(
      ({ name, text }) => name.startsWith('rename') && text.includes(join(dataDir, 'blobs')),
    );
    assert.ok(rename, 'no blob came to its place');
    const [from = '', to = ''] = [...rename.text.matchAll(/"([^"]+)"/g)].map((match) => match[1]);
    assert.equal(dirname(from), join(dataDir, 'tmp'));

    const written = calls.filter(({ name, text }) => /^p?write/.test(name) && text.includes(`<${from}>`));
    const sync = calls.find((call) => isSync(call) && call.text.includes(`<${from}>`));
    assert.ok(written.length > 0 && sync, 'the data was not synced');
    for (const { end } of written) assert.ok(end < sync.begin, 'data was written after the sync');
    assert.ok(sync.end < rename.begin, 'the rename did not wait for the sync of the data');

    const directory = calls.find(
      (call) => isSync(call) && call.text.includes(`<${dirname(to)}>`) && call.begin > rename.end,
    );
    assert.ok(directory, 'the directory of the blob was not synced');
    const made = calls.filter(({ name, text }) => name.startsWith('mkdir') && text.endsWith('= 0'));
    assert.ok(made.length > 0, 'a fresh store makes the directories of its first blob');
    for (const { text, end } of made) {
      const parent = dirname(/"([^"]+)"/.exec(text)?.[1] ?? '');
      const synced = calls.find(
        (call) => isSync(call) && call.text.includes(`<${parent}>`) && call.begin > end,
      );
      assert.ok(synced && synced.end < directory.end, `the new directory in ${parent} was not synced`);
    }
    assertLogSynced(traced, 'the-key-of-a-blob', directory.end);
  },
);

test(
  'an inline object rides on the log, which is synced before the answer',
  { skip: needsStrace },
  async (t) => {
    const traced = await traceRequest(t, (s3) =>
      s3.object('PUT', 'sync', 'an-inline-key', { body: 'small' }),
    );
    if (traced !== undefined) assertLogSynced(traced, 'an-inline-key', 0);
  },
);

test('a deletion is synced before the answer', { skip: needsStrace }, async (t) => {
  const traced = await traceRequest(t, (s3) => s3.object('DELETE', 'sync', 'an-existing-key'));
  if (traced !== undefined) assertLogSynced(traced, 'an-existing-key', 0);
});

test('a copy is synced before the answer', { skip: needsStrace }, async (t) => {
  const headers = { 'x-amz-copy-source': '/sync/an-existing-key' };
  const traced = await traceRequest(t, (s3) => s3.object('PUT', 'sync', 'the-key-of-a-copy', { headers }));
  if (traced !== undefined) assertLogSynced(traced, 'the-key-of-a-copy', 0);
});

test('the file of a blob is gone for good before its row goes', { skip: needsStrace }, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-sync-'));
  after(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startServerProcess(dataDir, ['--buckets', 'sync', '--threads', '1']);
  await server.s3.put('sync', 'blob', randomBytes(300_000));
  const trace = await attach(server.child.pid ?? 0, [`${CALLS},unlink,unlinkat`, SLOW]);
  if (typeof trace === 'string') {
    t.skip(trace);
    return;
  }
  assert.equal((await server.s3.object('DELETE', 'sync', 'blob')).status, 204);
  await eventually(async () => assert.equal(await readMetric(server.s3, 'cistern_blobs_deleted_total'), 1));
  const calls = await trace.stop();
  await server.kill();
  const unlink = calls.find(
    ({ name, text }) => name.startsWith('unlink') && text.includes(join(dataDir, 'blobs')),
  );
  assert.ok(unlink, 'no blob was deleted');
  const folder = dirname(/"([^"]+)"/.exec(unlink.text)?.[1] ?? '');
  const sync = calls.find(
    (call) => isSync(call) && call.text.includes(`<${folder}>`) && call.begin > unlink.end,
  );
  assert.ok(sync, 'the directory of the blob was not synced');
  const commit = calls.find(
    ({ name, text, begin }) =>
      name.startsWith('pwrite') && text.includes('catalog.db-wal') && begin > unlink.end,
  );
  assert.ok(commit && commit.begin > sync.end, 'the row went before its file was gone for good');
});
