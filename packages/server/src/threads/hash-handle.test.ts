/** A hashing thread that HTTP threads share: none sees another's bodies, one that goes disturbs none, a lack of files passes. */

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import {
  digestOf,
  expectDigests,
  openHasher,
  openHashHandle,
  update,
} from '../blobs/ingest/hasher.testing.ts';
import { Md5Hasher } from '../blobs/ingest/md5.ts';
import { HashHandle } from './hash-handle.ts';

/** Of a body that is not hashed by the thread that asks. */
const SIZE = 1024 * 1024;

test('bodies of two HTTP threads do not mix, though each counts its own', async (t) => {
  const handle = openHashHandle(t);
  const [first, second] = [openHasher(t, handle), openHasher(t, handle)];
  const bodies = Array.from({ length: 12 }, (_, i) =>
    Array.from({ length: 1 + (i % 4) }, () => randomBytes(1 + ((i * 50_021) % 262_144))),
  );
  const streams = bodies.map((pieces, i) => ({ md5: (i % 2 === 0 ? first : second).start(SIZE), pieces }));
  const updates = streams.flatMap(({ md5, pieces }) => pieces.map((piece) => update(md5, piece)));
  await expectDigests(
    streams.map(({ md5 }) => md5),
    bodies,
  );
  await Promise.all(updates);
});

test('an HTTP thread that ends takes its bodies with it, and no other', async (t) => {
  const handle = openHashHandle(t);
  const [ending, staying] = [openHasher(t, handle), openHasher(t, handle)];
  const [gone, kept] = [ending.start(SIZE), staying.start(SIZE)];
  const [a, b, c] = [randomBytes(1000), randomBytes(200_000), randomBytes(3000)];
  await Promise.all([update(gone, a), update(kept, a)]);
  const last = update(gone, b);
  ending.close();
  await last;
  await assert.rejects(gone.digest());
  await Promise.all([update(kept, b), update(kept, c)]);
  assert.equal((await kept.digest()).toString('hex'), digestOf(a, b, c));
});

test(
  'without files for the thread the bodies under way fail, and the next asks again',
  { skip: spawnSync('prlimit', ['--version']).status !== 0 && 'prlimit is needed (Linux, util-linux)' },
  async (t) => {
    const causes: unknown[] = [];
    const crash = Promise.withResolvers<never>();
    const handle = new HashHandle({ onRefused: (cause) => causes.push(cause), onCrash: crash.reject });
    t.after(() => handle.close());
    const hashers = [0, 1].map(() => new Md5Hasher((port) => handle.connect(port)));
    t.after(() => hashers.forEach((hasher) => hasher.close()));
    const raise = limitFiles(t);
    const streams = hashers.map((hasher) => hasher.start(SIZE));
    const bytes = randomBytes(1000);
    await Promise.race([crash.promise, Promise.all(streams.map((stream) => update(stream, bytes)))]);
    for (const stream of streams) await assert.rejects(stream.digest(), { code: 'EAGAIN' });
    assert.notEqual(causes.length, 0);
    await raise();
    for (const hasher of hashers) {
      const stream = hasher.start(SIZE);
      await update(stream, bytes);
      assert.equal((await stream.digest()).toString('hex'), digestOf(bytes));
    }
  },
);

/** No file can be opened until it is taken back, by a process that is there already. */
function limitFiles(t: TestContext): () => Promise<void> {
  const limit = (most: string): string => `prlimit --pid ${process.pid} --nofile=${most}:`;
  const raising = spawn('sh', ['-c', `read _; ${limit('1024')}`], { stdio: ['pipe', 'ignore', 'inherit'] });
  t.after(() => raising.kill());
  execFileSync('sh', ['-c', limit(String(readdirSync('/proc/self/fd').length - 1))]);
  return async () => {
    raising.stdin.end('\n');
    await once(raising, 'exit');
    assert.equal(raising.exitCode, 0);
  };
}
