/** @module The fault shim itself: what it sees, and what it does at the position that it is told. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { startServerProcess } from '../server-process.ts';
import { attach, needsStrace } from '../strace.ts';
import { CHANGES, describeCall, FaultShim, needsShim } from './shim.ts';
import type { Counted, Plan } from './shim.ts';

const skip = needsShim();

function newDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'cistern-shim-test-'));
  after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Runs a program that changes files in a directory of its own. */
function run(
  program: string,
  plan?: Plan,
  counted?: Counted,
): { directory: string; calls: string[]; fired: number; signal: string | null; output: string } {
  const directory = newDirectory();
  const shim = new FaultShim(directory);
  shim.arm(counted, plan);
  const script = `const fs = require('fs'); process.chdir(${JSON.stringify(directory)}); ${program}`;
  const { signal, stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    env: { ...process.env, ...shim.env },
    encoding: 'utf8',
  });
  const calls = shim.calls().map((call) => describeCall(call, directory));
  const { fired } = shim;
  shim.close();
  return { directory, calls, fired, signal, output: stdout + stderr };
}

const EVERYTHING = `
  fs.mkdirSync('a');
  const f = fs.openSync('a/f', 'w+');
  fs.writeSync(f, 'four');
  fs.writeSync(f, 'more', 4);
  fs.writevSync(f, [Buffer.from('ab'), Buffer.from('cd')]);
  fs.writevSync(f, [Buffer.from('ab'), Buffer.from('cd')], 12);
  fs.fdatasyncSync(f);
  fs.fsyncSync(f);
  fs.ftruncateSync(f, 5);
  fs.truncateSync('a/f', 3);
  fs.linkSync('a/f', 'a/g');
  fs.renameSync('a/f', 'a/h');
  fs.unlinkSync('a/g');
  fs.writeFileSync('/dev/null', 'elsewhere');
  fs.rmSync('a/h');
  fs.rmdirSync('a');
`;

test('what changes a file or waits for the disk is seen, by Node.js and by SQLite', { skip }, () => {
  const { calls } = run(EVERYTHING);
  const kinds = calls.map((line) => line.replace(/^#\d+ /, ''));
  assert.deepEqual(kinds, [
    'mkdir a',
    'create a/f',
    'write a/f (4)',
    'write a/f (4)',
    'write a/f (4)',
    'write a/f (4)',
    'fdatasync a/f',
    'fsync a/f',
    'truncate a/f (5)',
    'truncate a/f (3)',
    'link a/g',
    'rename a/h',
    'unlink a/g',
    'unlink a/h',
    'rmdir a',
  ]);
  const sql = run(`
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync('db');
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (x)');
  `);
  assert.match(sql.calls.join('\n'), /create db\n[^]*write db-wal \(4096\)[^]*fsync db-wal[^]*unlink db-wal/);
});

const WRITES = `
  const f = fs.openSync('f', 'w');
  for (const text of ['one ', 'two ', 'three ']) {
    try { console.log(fs.writeSync(f, text)); } catch (error) { console.log(error.code); }
  }
`;

test('the process dies before the chosen call or after it, and no sooner', { skip }, () => {
  const kinds = ['write'] as const;
  const before = run(WRITES, { at: 2, action: { do: 'signal-before' } }, { kinds });
  assert.equal(before.signal, 'SIGKILL');
  assert.equal(readFileSync(join(before.directory, 'f'), 'utf8'), 'one ');
  const behind = run(WRITES, { at: 2, action: { do: 'signal-after' } }, { kinds });
  assert.equal(behind.signal, 'SIGKILL');
  assert.equal(readFileSync(join(behind.directory, 'f'), 'utf8'), 'one two ');
});

test('a call fails, once or from then on, writes half, or is left out unnoticed', { skip }, () => {
  const kinds = ['write'] as const;
  const outcomes = (plan: Plan): [string, string, number] => {
    const { output, directory, fired } = run(WRITES, plan, { kinds });
    return [output.trim().replaceAll('\n', ' '), readFileSync(join(directory, 'f'), 'utf8'), fired];
  };
  const fail = { do: 'fail', error: 'EIO' } as const;
  assert.deepEqual(outcomes({ at: 2, action: fail }), ['4 EIO 6', 'one three ', 1]);
  assert.deepEqual(outcomes({ at: 2, action: fail, lasting: true }), ['4 EIO EIO', 'one ', 2]);
  // libuv asks for the rest of what was written short.
  assert.deepEqual(outcomes({ at: 2, action: { do: 'short' } }), ['4 4 6', 'one two three ', 1]);
  assert.deepEqual(outcomes({ at: 2, action: { do: 'short', error: 'ENOSPC' } }), [
    '4 2 6',
    'one twthree ',
    2,
  ]);
  assert.deepEqual(outcomes({ at: 2, action: { do: 'drop' } }), ['4 4 6', 'one three ', 1]);
});

test('only calls of the kinds and the paths that were named count', { skip }, () => {
  const { calls } = run(EVERYTHING, undefined, { kinds: ['fsync', 'rename'], path: 'a/' });
  assert.deepEqual(
    calls.filter((line) => line.startsWith('#')),
    ['#1 fsync a/f', '#2 rename a/h'],
  );
});

const SYSTEM_CALLS =
  'trace=open,openat,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,sync_file_range,truncate,ftruncate,fallocate,' +
  'mkdir,mkdirat,rmdir,rename,renameat,renameat2,link,linkat,symlink,unlink,unlinkat,copy_file_range,sendfile,splice';

test(
  'nothing that a server does to its files passes it by: the system has seen no more',
  { skip: skip || needsStrace },
  async (t) => {
    const directory = newDirectory();
    const shim = new FaultShim(directory);
    after(() => shim.close());
    const server = await startServerProcess(
      directory,
      ['--buckets', 'seen', '--reaper-idle', '1'],
      [],
      shim.env,
    );
    const trace = await attach(server.child.pid ?? 0, [SYSTEM_CALLS]);
    if (typeof trace === 'string') {
      t.skip(trace);
      return;
    }
    shim.arm({ kinds: CHANGES });
    await server.s3.put('seen', 'inline', 'small');
    await server.s3.put('seen', 'file', Buffer.alloc(100_000));
    await server.s3.put('seen', 'large', Buffer.alloc(5_000_001));
    assert.equal((await server.s3.object('DELETE', 'seen', 'file')).status, 204);
    server.child.kill('SIGTERM');
    await server.exited;
    const system = (await trace.stop()).filter(
      ({ name, text }) =>
        text.includes(`${directory}/`) && (!name.startsWith('open') || text.includes('O_CREAT')),
    );
    const count = (names: Iterable<string>): Record<string, number> => {
      const counts: Record<string, number> = {};
      for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
      return counts;
    };
    const calls = shim.calls().filter(({ path }) => path.startsWith(`${directory}/`));
    const kindOf = (name: string): string =>
      name.startsWith('open')
        ? 'create'
        : name.includes('write')
          ? 'write'
          : name.replace(/^f(?=trunc)|at2?$/g, '');
    assert.deepEqual(count(calls.map(({ kind }) => kind)), count(system.map(({ name }) => kindOf(name))));
    assert.ok(calls.length > 50, `${calls.length}`);
    await server.s3.close();
  },
);
