/** The local store among other programs: their files, links and pipes; and what it leaves on the disk. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, suite, test } from 'node:test';
import fc from 'fast-check';
import { compareKeys } from '../../keys.ts';
import { local } from '../../local.ts';
import type { LocalOptions } from '../../local.ts';
import type { Store } from '../../store.ts';
import { drain, rejects, sample, sameBytes, stream } from '../../testing/context.ts';
import { localFileOf } from '../../transfers/local-target.ts';

const root = mkdtempSync(join(tmpdir(), 'cistern-local-store-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

interface Fresh {
  readonly path: string;
  readonly store: Store;
  readonly skipped: string[];
}

function fresh(options: LocalOptions = {}): Fresh {
  const path = join(root, `${folders++}`);
  const skipped: string[] = [];
  const onSkipped = (at: string, why: string): void =>
    void skipped.push(`${at.slice(path.length + 1)} ${why}`);
  return { path, store: local(path, { onSkipped, ...options }), skipped };
}

function theirs(path: string, name: string, text = 'theirs'): void {
  mkdirSync(dirname(join(path, name)), { recursive: true });
  writeFileSync(join(path, name), text);
}

suite('local: for other programs', () => {
  test('a folder has files and nothing else, also after failures', async () => {
    const { path, store } = fresh();
    assert.deepEqual(await drain(store.keys()), []);
    assert.deepEqual(readdirSync(root).includes(path), false);
    await store.put('photos/2026/a b.jpg', 'bytes');
    await store.put('large', stream(sample(3_000_000)));
    await store.copy('large', 'deep/er/copy');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield sample(10);
      throw new RangeError('broke');
    }
    await assert.rejects(store.put('new/folder/x', broken()), RangeError);
    await rejects(store.put('large', 'other', { mode: 'create' }), 'AlreadyExists');
    await drain(store.delete(['deep/er/copy']));
    assert.deepEqual(readdirSync(path, { recursive: true }).map(String).sort(), [
      'large',
      'photos',
      'photos/2026',
      'photos/2026/a b.jpg',
    ]);
    assert.equal(readFileSync(join(path, 'photos/2026/a b.jpg'), 'utf8'), 'bytes');
  });

  test('names that others gave are keys as they stand', async () => {
    const { path, store, skipped } = fresh();
    const names = ['100%.txt', 'a%20b', 'a%252Fb', 'a%2Fb.html', 'x%00y', '%25', '.hidden', 'x%2f'];
    for (const name of names) theirs(path, name, name);
    assert.deepEqual(await drain(store.keys()), [...names].sort());
    for (const name of names) assert.equal(await store.get(name).text(), name);
    const other = fresh();
    for (const name of names) await other.store.put(name, store.get(name));
    assert.deepEqual(readdirSync(other.path).sort(), [...names].sort());
    assert.deepEqual(skipped, []);
  });

  test('what is being written is not listed, and cannot be named', async () => {
    const { path, store } = fresh();
    theirs(path, 'a/.big.iso.cistern-partial');
    assert.deepEqual(await drain(store.list({ delimiter: '/' })), []);
    await rejects(store.put('a/.big.iso.cistern-partial', 'x'), 'InvalidKey');
    await store.put('n'.repeat(250), 'a name too long for another one beside it');
    assert.deepEqual(await drain(store.keys()), ['n'.repeat(250)]);
  });

  test('links are left out and not passed through, or followed but for circles', async () => {
    const { path, store, skipped } = fresh();
    theirs(path, 'real/file');
    symlinkSync('real', join(path, 'folder'));
    symlinkSync('real/file', join(path, 'link'));
    symlinkSync('..', join(path, 'real/up'));
    symlinkSync('nowhere', join(path, 'broken'));
    assert.deepEqual(await drain(store.keys()), ['real/file']);
    assert.deepEqual(skipped.sort(), ['broken link', 'folder link', 'link link', 'real/up link']);
    skipped.length = 0;
    await drain(store.list({ delimiter: '/' }));
    assert.deepEqual(skipped.sort(), ['broken link', 'folder link', 'link link']);
    for (const key of ['folder/file', 'link']) await rejects(store.get(key), 'PermissionDenied');
    await rejects(store.head('link'), 'PermissionDenied');
    await rejects(store.put('folder/new', 'x'), 'PermissionDenied');
    assert.deepEqual(await drain(store.keys('folder/')), []);
    const told: string[] = [];
    const following = local(path, {
      links: 'follow',
      onSkipped: (at, why) => void told.push(`${at} ${why}`),
    });
    assert.deepEqual(await drain(following.keys()), ['folder/file', 'link', 'real/file']);
    assert.equal(await following.get('link').text(), 'theirs');
    await following.put('folder/new', 'x');
    assert.equal(await store.get('real/new').text(), 'x');
    assert.deepEqual(told.sort(), [`${path}/broken link`, `${path}/folder/up loop`, `${path}/real/up loop`]);
  });

  test('pipes and folders that may not be read are told; unreadable ones reject when nobody is told', async (t) => {
    const { path, store, skipped } = fresh();
    theirs(path, 'a');
    theirs(path, 'closed/b');
    if (process.platform === 'win32' || process.getuid?.() === 0) {
      // The superuser may read all: a pipe alone.
      if (process.platform === 'win32') return t.skip('no pipes in folders');
    }
    execFileSync('mkfifo', [join(path, 'pipe')]);
    const isRoot = process.getuid?.() === 0;
    if (!isRoot) chmodSync(join(path, 'closed'), 0);
    assert.deepEqual(await drain(store.keys()), isRoot ? ['a', 'closed/b'] : ['a']);
    assert.deepEqual(skipped.sort(), isRoot ? ['pipe special'] : ['closed unreadable', 'pipe special']);
    await rejects(store.get('pipe'), 'NotFound');
    if (isRoot) return;
    await rejects(drain(local(path).list()), 'PermissionDenied');
    chmodSync(join(path, 'closed'), 0o700);
  });

  test('a key beside a folder of its name; a transfer is told the same place', async () => {
    const { path, store } = fresh();
    await store.put('a', 'first');
    await store.put('a/b', 'below');
    assert.equal(await store.get('a').text(), 'first');
    assert.deepEqual(readdirSync(path).sort(), ['a', 'a%2F']);
    assert.equal(await localFileOf(store)?.('a'), join(path, 'a%2F'));
    assert.equal(await localFileOf(store)?.('a/c/d'), join(path, 'a/c/d'));
    assert.deepEqual(readdirSync(join(path, 'a')).sort(), ['b', 'c']);
  });

  test('a file that is changed in place while it is read is a conflict', async () => {
    const { path, store } = fresh();
    await store.put('a', sample(3_000_000));
    const read = await store.get('a');
    writeFileSync(join(path, 'a'), sample(3_000_000, 2));
    await rejects(drain(read.body), 'Conflict');
    sameBytes(await store.get('a').bytes(), sample(3_000_000, 2));
  });

  test('any folder is listed in the order of keys, from wherever a listing begins', async () => {
    const name = fc.constantFrom('a', 'b', 'a!', 'a0', 'é', '～', '🚰', '%2E', 'x%2F', 'long'.repeat(60));
    const key = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 12 }), key, async (keys, from) => {
        const { store } = fresh();
        for (const one of keys) await store.put(one, one);
        const sorted = keys.toSorted(compareKeys);
        assert.deepEqual(await drain(store.keys()), sorted);
        const later = sorted.filter((one) => compareKeys(one, from) > 0);
        assert.deepEqual(await drain(store.keys({ startAfter: from })), later);
        assert.deepEqual(
          await drain(store.keys({ prefix: from })),
          sorted.filter((one) => one.startsWith(from)),
        );
      }),
      { numRuns: 60 },
    );
  });
});
