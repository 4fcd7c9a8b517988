/** How readiness hears of a disk that lets everybody wait. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { DiskWatch, touchDurably } from './disk-watch.ts';

const PATIENCE_MS = 20;

test('a disk that takes a write is asked once for all who ask meanwhile', async () => {
  let writes = 0;
  const answered = Promise.withResolvers<void>();
  const disk = new DiskWatch(async () => {
    writes++;
    await answered.promise;
  });
  const asked = Promise.all([disk.trouble(), disk.trouble()]);
  answered.resolve();
  assert.deepEqual(await asked, [undefined, undefined]);
  assert.equal(await disk.trouble(), undefined);
  assert.equal(writes, 1);
});

test('one that does not answer is in trouble after a while, and then at once, until it does', async () => {
  let answer = Promise.withResolvers<void>();
  let writes = 0;
  const disk = new DiskWatch(() => {
    writes++;
    return answer.promise;
  }, PATIENCE_MS);
  assert.match((await disk.trouble()) ?? '', /has not answered/);
  assert.match((await disk.trouble()) ?? '', /has not answered/);
  assert.equal(writes, 1, 'one write waits, and no more');
  answer.resolve();
  answer = Promise.withResolvers();
  answer.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await disk.trouble(), undefined);
});

test('one that refuses is in trouble when that will not pass', async () => {
  for (const [code, wrong] of [
    ['EIO', true],
    ['EROFS', true],
    ['EPERM', false],
    ['ENOSPC', false],
    ['EMFILE', false],
  ] as const) {
    const disk = new DiskWatch(() => Promise.reject(Object.assign(new Error(`${code}: no`), { code })));
    assert.equal((await disk.trouble()) !== undefined, wrong, code);
  }
});

test('a directory is touched', async (t) => {
  const path = await mkdtemp(join(tmpdir(), 'cistern-disk-'));
  t.after(() => rm(path, { recursive: true }));
  await touchDurably(path);
  await assert.rejects(touchDurably(join(path, 'gone')), { code: 'ENOENT' });
});
