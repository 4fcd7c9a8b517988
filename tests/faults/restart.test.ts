/**
 * @module Orderly ends and refused starts: SIGTERM drains, one process owns a directory, a newer format is left alone.
 */

import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';

import { beginUpload } from '../support/begin-upload.ts';
import { eventually } from '../support/eventually.ts';
import { expectStatus } from '../support/expect.ts';
import { RawConnection } from '../support/raw-http.ts';
import { objectPath } from '../support/s3.ts';
import { StartFailure } from '../support/server-process.ts';
import { startServerProcess } from './server-process.ts';

async function newDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cistern-restart-'));
  after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('SIGTERM lets an upload in flight finish, takes no new connections, and exits with 0', async () => {
  const dataDir = await newDirectory();
  const server = await startServerProcess(dataDir, ['--buckets', 'drain']);
  const body = Buffer.alloc(200_000, 'drained ');
  const connection = await beginUpload(server.s3, objectPath('drain', 'key'), body.length);
  await connection.send(body.subarray(0, 100_000));
  server.child.kill('SIGTERM');
  await assert.rejects(async () => {
    for (;;) (await RawConnection.open(server.endpoint)).close();
  });
  await connection.send(body.subarray(100_000));
  const response = await connection.read();
  assert.equal(response.status, 200);
  connection.close();
  assert.equal(await server.exited, 0);
  await server.s3.close();

  const again = await startServerProcess(dataDir);
  const read = await again.s3.object('GET', 'drain', 'key');
  assert.ok(read.body.equals(body));
  await again.kill();
});

test('the server goes on when nobody reads its log any more', async () => {
  const dataDir = await newDirectory();
  const server = await startServerProcess(dataDir, ['--log-level', 'info', '--buckets', 'silent']);
  server.child.stderr?.destroy();
  server.child.stdout?.destroy();
  // Enough lines for many batches.
  for (let i = 0; i < 600; i++) expectStatus(await server.s3.bucket('HEAD', 'silent'), 200);
  server.child.kill('SIGTERM');
  assert.equal(await server.exited, 0);
  await server.s3.close();
});

test('a second process on the same directory is refused, and the first goes on', async () => {
  const dataDir = await newDirectory();
  const first = await startServerProcess(dataDir, ['--buckets', 'owned']);
  await assert.rejects(startServerProcess(dataDir), (error: StartFailure) => {
    assert.ok(error instanceof StartFailure);
    assert.equal(error.exitCode, 1);
    assert.match(error.message, /in use by another process.*--data/);
    return true;
  });
  expectStatus(await first.s3.object('PUT', 'owned', 'key', { body: 'x' }), 200);
  await first.kill();
  // The system has dropped the dead process's lock.
  const second = await startServerProcess(dataDir);
  assert.equal((await second.s3.object('GET', 'owned', 'key')).text, 'x');
  await second.kill();
});

test('a newer format is refused, and nothing is changed', async () => {
  const dataDir = await newDirectory();
  const server = await startServerProcess(dataDir);
  server.child.kill('SIGTERM');
  await server.exited;
  await server.s3.close();
  const path = join(dataDir, 'catalog.db');
  const db = new DatabaseSync(path);
  db.exec('PRAGMA user_version = 999');
  db.close();
  const before = await readFile(path);
  await assert.rejects(startServerProcess(dataDir), (error: StartFailure) => {
    assert.match(error.message, /format 999.*newer version/);
    return error.exitCode === 1;
  });
  assert.ok((await readFile(path)).equals(before));
});

test('only its owner may read what is in a data directory, though everybody may enter it', async () => {
  const dataDir = await newDirectory();
  await chmod(dataDir, 0o755);
  const server = await startServerProcess(dataDir, ['--buckets', 'private']);
  await server.s3.put('private', 'inline', 'small');
  await server.s3.put('private', 'file', Buffer.alloc(100_000));
  const entries = await readdir(dataDir, { recursive: true });
  assert.ok(entries.some((name) => name.startsWith('blobs/')) && entries.includes('catalog.db-wal'));
  const open: string[] = [];
  for (const name of entries) {
    const { mode } = await stat(join(dataDir, name));
    if ((mode & 0o077) !== 0) open.push(`${name} ${(mode & 0o777).toString(8)}`);
  }
  assert.deepEqual(open, []);
  await server.kill();
});

test('temporary files that a crash left are removed at the start, and nobody else’s', async () => {
  const dataDir = await newDirectory();
  const tmp = join(dataDir, 'tmp');
  // What a `tmp/` holds that was there before.
  await mkdir(join(tmp, 'work'), { recursive: true });
  await writeFile(join(tmp, 'work', 'thesis'), 'x');
  await writeFile(join(tmp, 'notes'), 'x');
  const first = await startServerProcess(dataDir, ['--buckets', 'uploads']);
  const connection = await beginUpload(first.s3, objectPath('uploads', 'key'), 1_000_000);
  await connection.send(Buffer.alloc(500_000));
  await eventually(async () => assert.equal((await readdir(tmp)).length, 3));
  await first.kill();
  connection.close();
  const second = await startServerProcess(dataDir);
  assert.deepEqual((await readdir(tmp)).toSorted(), ['notes', 'work']);
  assert.equal(await readFile(join(tmp, 'work', 'thesis'), 'utf8'), 'x');
  await second.kill();
});
