/** The files backend among other programs: their files, their links, their changes; and what is on the disk. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { compareKeys } from '../../keys.ts';
import { files } from '../../files.ts';
import type { Store } from '../../store.ts';
import { drain, rejects, sample, sameBytes } from '../../testing/context.ts';
import { NODE_FILES } from './file-system.ts';
import type { FileSystem } from './file-system.ts';

const root = await mkdtemp(join(tmpdir(), 'cistern-files-store-'));
after(() => rm(root, { recursive: true }));
let folders = 0;

function fresh(fs?: FileSystem): { path: string; store: Store } {
  const path = join(root, `${folders++}`);
  return { path, store: files(path, { durable: false, ...(fs === undefined ? {} : { fs }) }) };
}

/** All that is on the disk, the store's own folder left out. */
async function paths(path: string): Promise<string[]> {
  const all = await readdir(path, { recursive: true });
  return all.filter((name) => !name.startsWith('.cistern')).sort();
}

async function sidecars(path: string): Promise<string[]> {
  const entries = await readdir(join(path, '.cistern', 'attributes'), {
    recursive: true,
    withFileTypes: true,
  });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

suite('files: for other programs', () => {
  test('a plain key is a plain file', async () => {
    const { path, store } = fresh();
    await store.put('photos/2026/a b.jpg', 'bytes', { attributes: { contentType: 'image/jpeg' } });
    assert.equal(await readFile(join(path, 'photos/2026/a b.jpg'), 'utf8'), 'bytes');
  });

  test('their files are objects', async () => {
    const { path, store } = fresh();
    await mkdir(join(path, 'dir'), { recursive: true });
    await writeFile(join(path, 'dir/100%.txt'), 'theirs');
    assert.equal(await store.get('dir/100%.txt').text(), 'theirs');
    assert.deepEqual(await drain(store.keys()), ['dir/100%.txt']);
    await store.delete('dir/100%.txt');
    assert.deepEqual(await paths(path), []);
  });

  test('a file that they put in the place of ours has none of its attributes, and another etag', async () => {
    const { path, store } = fresh();
    const attributes = { contentType: 'text/plain' };
    const { etag } = await store.put('a', 'ours', { attributes });
    await writeFile(join(path, 'theirs'), 'ours');
    await rename(join(path, 'theirs'), join(path, 'a'));
    const replaced = await store.head('a');
    assert.deepEqual({ ...replaced.attributes }, {});
    assert.notEqual(replaced.etag, etag);
    await store.put('a', 'ours', { attributes });
    await writeFile(join(path, 'a'), 'edit');
    assert.deepEqual({ ...(await store.head('a')).attributes }, {});
  });

  test('a file that they move within the folder keeps its attributes', async () => {
    const { path, store } = fresh();
    await store.put('a', 'x', { attributes: { contentType: 'text/plain' } });
    await rename(join(path, 'a'), join(path, 'b'));
    assert.equal((await store.head('b')).attributes.contentType, 'text/plain');
  });

  test('attributes go with the states that had them', async () => {
    const { path, store } = fresh();
    const attributes = { metadata: { n: '1' } };
    await store.put('a', 'x', { attributes });
    await store.put('a', 'y', { attributes });
    await Promise.all(['1', '2', '3'].map((n) => store.put('a', n, { attributes: { metadata: { n } } })));
    const { attributes: found } = await store.head('a');
    assert.equal(found.metadata?.['n'], await store.get('a').text());
    assert.equal((await sidecars(path)).length, 1);
    await store.delete('a');
    assert.deepEqual(await sidecars(path), []);
    assert.deepEqual(await paths(path), []);
  });

  test('a reader that is overtaken by a put gets one state or the other, with its own attributes', async () => {
    const { path, store } = fresh();
    await store.put('a', 'old', { attributes: { contentType: 'text/old' } });
    let overtaken = false;
    const fs = new Proxy(NODE_FILES, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...given: unknown[]) => Promise<unknown>;
        return async (...given: unknown[]) => {
          // The file is open already, and its attributes are about to be read.
          if (name === 'readFile' && !overtaken) {
            overtaken = true;
            await store.put('a', 'new', { attributes: { contentType: 'text/new' } });
          }
          return method.apply(target, given);
        };
      },
    });
    const read = await files(path, { fs }).get('a');
    assert.equal(overtaken, true);
    assert.deepEqual([await read.text(), read.info.attributes.contentType], ['new', 'text/new']);
  });

  test('etags differ though bytes, sizes and the numbers of files are the same', async () => {
    const { store } = fresh();
    const etags = new Set<string>();
    for (let i = 0; i < 200; i++) etags.add((await store.put('a', 'same')).etag);
    assert.equal(etags.size, 200);
  });

  test('a file cut short, or changed, while it is read is a conflict and never a short or mixed body', async () => {
    const { path, store } = fresh();
    const bytes = sample(3_000_000);
    for (const change of [
      () => truncate(join(path, 'a'), 1_000_000),
      () => writeFile(join(path, 'a'), sample(3_000_000, 2)),
      () => utimes(join(path, 'a'), 1, 1),
    ]) {
      await store.put('a', bytes);
      const reading = await store.get('a');
      const body = reading.body[Symbol.asyncIterator]();
      await body.next();
      await change();
      await rejects(
        (async () => {
          while ((await body.next()).done !== true);
        })(),
        'Conflict',
      );
    }
  });

  test('names that no key has are no objects, and are left alone', async () => {
    const { path, store } = fresh();
    await store.put('a', 'x');
    await writeFile(join(path, 'x%2Ey'), 'not canonical');
    await writeFile(Buffer.concat([Buffer.from(join(path, 'bad-')), Buffer.from([0xff])]), 'not UTF-8');
    assert.deepEqual(await drain(store.keys()), ['a']);
    assert.equal((await readdir(path)).length, 4);
  });

  test('links are not followed: not to files, not through folders, not for writing or deleting', async () => {
    const { path, store } = fresh();
    const outside = join(root, 'outside');
    await mkdir(outside, { recursive: true });
    await writeFile(join(outside, 'secret'), 'secret');
    await store.put('in/a', 'x');
    await symlink(join(outside, 'secret'), join(path, 'file'));
    await symlink(outside, join(path, 'folder'));
    await symlink('in', join(path, 'inner'));
    for (const key of ['file', 'folder/secret', 'inner/a']) {
      await rejects(store.head(key), 'PermissionDenied');
      await rejects(store.readInto(key, new Uint8Array(10)), 'PermissionDenied');
      await rejects(store.copy(key, 'copy'), 'PermissionDenied');
    }
    await rejects(store.put('folder/secret', 'mine'), 'PermissionDenied');
    await rejects(store.put('folder/new/deep', 'mine'), 'PermissionDenied');
    await rejects(store.delete('folder/secret'), 'PermissionDenied');
    assert.deepEqual(await drain(store.keys()), ['in/a']);
    assert.deepEqual(await drain(store.keys('folder/')), []);
    // The link itself goes, and what it led to stays.
    await store.put('file', 'mine');
    assert.equal(await readFile(join(outside, 'secret'), 'utf8'), 'secret');
    assert.deepEqual(await readdir(outside), ['secret']);
    assert.equal(await store.get('file').text(), 'mine');
  });

  test('a pipe is no object, and is not waited for', async () => {
    const { path, store } = fresh();
    await store.put('a', 'x');
    await promisify(execFile)('mkfifo', [join(path, 'pipe')]);
    await rejects(store.head('pipe'), 'NotFound');
    assert.deepEqual(await drain(store.keys()), ['a']);
  });
});

suite('files: on the disk', () => {
  test('a key beside keys below it: the file makes way, and its attributes come along', async () => {
    const { path, store } = fresh();
    await store.put('a', '1', { attributes: { contentType: 'text/plain' } });
    const read = await store.get('a');
    await store.put('a/b/c', '2');
    await store.put('a/b', '3');
    assert.deepEqual(await paths(path), ['a', 'a%2F', 'a/b', 'a/b%2F', 'a/b/c']);
    assert.equal(await read.text(), '1');
    assert.equal((await store.head('a')).attributes.contentType, 'text/plain');
    await rejects(store.put('a', 'x', { mode: 'create' }), 'AlreadyExists');
    await store.delete('a/b/c');
    assert.equal(await store.get('a/b').text(), '3');
    await rejects(store.put('a/b', 'x', { mode: 'create' }), 'AlreadyExists');
    await store.put('a', 'new');
    assert.equal(await store.get('a').text(), 'new');
    for (const key of ['a', 'a/b']) await store.delete(key);
    assert.deepEqual(await paths(path), []);
  });

  test('long segments, in order with their neighbours', async () => {
    const { path, store } = fresh();
    const long = 'x'.repeat(249);
    const keys = ['', '!', 'a'.repeat(20), 'b', `b${'c'.repeat(20)}/d`, 'c'.repeat(6), 'd'].map(
      (end) => long + end,
    );
    keys.push('ü'.repeat(200), `${'ü'.repeat(200)}/z`);
    for (const key of keys) await store.put(key, key);
    keys.sort(compareKeys);
    assert.deepEqual(await drain(store.keys()), keys);
    for (const key of keys) assert.equal(await store.get(key).text(), key);
    assert.deepEqual(
      await drain(store.keys(`${long}b`)),
      keys.filter((key) => key.startsWith(`${long}b`)),
    );
    await store.deleteMany(keys);
    assert.deepEqual(await paths(path), []);
  });

  test('puts into folders that are emptied at the same time all succeed', async () => {
    const { path, store } = fresh();
    const work = Array.from({ length: 6 }, async (_, i) => {
      for (let n = 0; n < 60; n++) {
        const key = `deep/er/${i % 2 === 0 ? 'x' : 'y'}/${i}`;
        await store.put(key, `${n}`);
        assert.equal(await store.get(key).text(), `${n}`);
        await store.delete(key);
      }
    });
    await Promise.all(work);
    assert.deepEqual(await paths(path), []);
  });

  test('keys and folders of one name come and go at the same time, and nothing is lost', async () => {
    const { path, store } = fresh();
    const work = ['a', 'a/b', 'a/b/c'].map(async (key) => {
      for (let n = 0; n < 60; n++) {
        await store.put(key, `${key} ${n}`);
        assert.equal(await store.get(key).text(), `${key} ${n}`);
        if (n % 3 === 0) {
          await store.delete(key);
          assert.equal(await store.exists(key), false, key);
        }
      }
    });
    await Promise.all(work);
    await store.deleteMany(['a', 'a/b', 'a/b/c']);
    assert.deepEqual(await paths(path), []);
  });

  test('hostile keys are listed as they were put, and stay inside', async () => {
    const part = fc.constantFrom(
      '/',
      '.',
      '..',
      '%',
      '%2F',
      '%00',
      'a',
      'b',
      '~',
      ' ',
      '.cistern',
      'x'.repeat(130),
      '🚰',
    );
    const key = fc
      .array(part, { minLength: 1, maxLength: 6 })
      .map((parts) => parts.join(''))
      .filter((text) => !text.startsWith('.cistern/'));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { minLength: 1, maxLength: 6 }), async (keys) => {
        const { path, store } = fresh();
        const before = (await readdir(root)).length;
        for (const one of keys) await store.put(one, one);
        for (const one of keys) assert.equal(await store.get(one).text(), one);
        assert.deepEqual(await drain(store.keys()), keys.sort(compareKeys));
        assert.equal((await readdir(root)).length, before + 1);
        await store.deleteMany(keys);
        assert.deepEqual(await paths(path), []);
        await rm(path, { recursive: true });
      }),
      { numRuns: 60 },
    );
  });

  test(
    'a folder that is a link for the moment in which a file is opened leads nowhere',
    {
      skip: process.platform !== 'linux',
    },
    async () => {
      const { path, store: plain } = fresh();
      await plain.put('in/secret', 'mine');
      const outside = await mkdtemp(join(root, 'outside-'));
      await writeFile(join(outside, 'secret'), 'secret');
      let times = 0;
      let opening: Promise<unknown> = Promise.resolve();
      const openThroughLink: FileSystem['open'] = async (...given) => {
        await rename(join(path, 'in'), join(path, 'away'));
        await symlink(outside, join(path, 'in'));
        try {
          return await NODE_FILES.open(...given);
        } finally {
          await rm(join(path, 'in'));
          await rename(join(path, 'away'), join(path, 'in'));
        }
      };
      const store = files(path, {
        durable: false,
        fs: {
          ...NODE_FILES,
          open: (...given) => {
            if (!String(given[0]).endsWith('secret') || times-- <= 0) return NODE_FILES.open(...given);
            const opened = openThroughLink(...given);
            opening = opened;
            return opened;
          },
          // Whoever looks where the path leads sees nothing of it.
          realpath: (async (given: string) => {
            await opening;
            return NODE_FILES.realpath(given);
          }) as FileSystem['realpath'],
        },
      });
      times = 1;
      assert.equal(await store.get('in/secret').text(), 'mine');
      times = Number.POSITIVE_INFINITY;
      await rejects(store.get('in/secret').text(), 'PermissionDenied');
    },
  );

  test('create: what another process makes at the last moment is found', async () => {
    const { path, store: other } = fresh();
    let before: (() => Promise<unknown>) | undefined;
    const fs = new Proxy(NODE_FILES, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...given: unknown[]) => Promise<unknown>;
        return async (...given: unknown[]) => {
          if (name === 'link' || name === 'rename') {
            const act = before;
            before = undefined;
            await act?.();
          }
          return method.apply(target, given);
        };
      },
    });
    // A store of its own, as another process has: they share no locks.
    const store = files(path, { fs });
    before = () => other.put('a', 'theirs');
    await rejects(store.put('a', 'ours', { mode: 'create' }), 'AlreadyExists');
    assert.equal(await other.get('a').text(), 'theirs');
    // A folder may come in the way, too: the key goes beside it.
    before = () => other.put('b/c', 'theirs');
    await store.put('b', 'ours', { mode: 'create' });
    before = () => other.put('d/e', 'theirs');
    await store.put('d', 'ours');
    before = () => other.delete('b/c');
    await store.put('b/x', 'ours');
    for (const key of ['b', 'd', 'b/x']) assert.equal(await other.get(key).text(), 'ours', key);
  });

  test('a copy shares nothing with what it was copied from', async () => {
    const { path, store } = fresh();
    await store.put('a', 'one');
    await store.copy('a', 'b');
    await writeFile(join(path, 'a'), 'two');
    assert.equal(await store.get('b').text(), 'one');
  });

  test('what crashes left is removed by a later start, and what is new stays', async () => {
    const { path, store } = fresh();
    await store.put('a', 'x');
    const folder = join(path, '.cistern', 'tmp');
    await writeFile(join(folder, 'old'), 'x');
    await utimes(join(folder, 'old'), 1, 1);
    await writeFile(join(folder, 'new'), 'x');
    await files(path).head('a');
    assert.deepEqual(await readdir(folder), ['new']);
  });

  test('a folder that cannot be made is an error that says why', async () => {
    const { path, store } = fresh();
    await store.put('a', 'x');
    await assert.rejects(files(join(path, 'a')).head('x'), { name: 'StoreError' });
  });

  test('a hard link of theirs is an object of its own name', async () => {
    const { path, store } = fresh();
    await store.put('a', 'x', { attributes: { contentType: 'text/plain' } });
    await link(join(path, 'a'), join(path, 'b'));
    await store.put('a', 'y');
    assert.equal(await store.get('b').text(), 'x');
  });
});

suite('files: where a name is found by other spellings', () => {
  /** A file system that knows no case, as macOS and Windows have: names are stored as they were first written. */
  function withoutCase(): FileSystem {
    const spelled = async (path: string): Promise<string> => {
      let found = '';
      for (const name of path.split('/').slice(1)) {
        const names = await readdir(found === '' ? '/' : found).catch(() => []);
        const same =
          names.find((one) => one === name) ?? names.find((one) => one.toLowerCase() === name.toLowerCase());
        found += `/${same ?? name}`;
      }
      return found;
    };
    const first = ['lstat', 'mkdir', 'open', 'readFile', 'readdir', 'realpath', 'rm', 'rmdir', 'unlink'];
    return new Proxy(NODE_FILES, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...given: unknown[]) => Promise<unknown>;
        return async (...given: unknown[]) => {
          const count = first.includes(String(name)) ? 1 : 2;
          for (let i = 0; i < count; i++) given[i] = await spelled(String(given[i]));
          return method.apply(target, given);
        };
      },
    });
  }

  test('a key that differs only in case is refused, and is not the other', async () => {
    const { store } = fresh(withoutCase());
    await store.put('Case', '1');
    await store.put('Folder/a', '2');
    await rejects(store.head('case'), 'NotFound');
    await rejects(store.head('folder/a'), 'NotFound');
    await rejects(store.put('case', 'x'), 'InvalidKey');
    await rejects(store.put('folder/b', 'x'), 'InvalidKey');
    await store.delete('case');
    await store.delete('folder/a');
    assert.equal(await store.get('Case').text(), '1');
    await store.put('Case', '3');
    assert.equal(await store.get('Case').text(), '3');
    assert.deepEqual(await drain(store.keys()), ['Case', 'Folder/a']);
  });

  test('the store’s own folder has no other spelling', async () => {
    const { store } = fresh(withoutCase());
    await store.put('.CISTERN/tmp', 'x');
    assert.equal(await store.get('.CISTERN/tmp').text(), 'x');
    sameBytes(await store.get('.CISTERN/tmp').bytes(), Buffer.from('x'));
    assert.deepEqual(await drain(store.keys()), ['.CISTERN/tmp']);
  });
});
