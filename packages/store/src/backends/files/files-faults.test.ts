/**
 * Each call to the system fails once, and the process ends before each: an object is as it was or as it should be, with its own
 * attributes, and what is left is put right by who comes next.
 */

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { isStoreError } from '../../errors.ts';
import { files } from '../../files.ts';
import { hashed } from '../../hashed.ts';
import type { Store } from '../../store.ts';
import { faultyFiles } from './faulty-files.testing.ts';
import type { FileSystem } from './file-system.ts';

const root = await mkdtemp(join(tmpdir(), 'cistern-faults-'));
after(() => rm(root, { recursive: true }));
let folders = 0;

const KINDS: Record<string, (path: string, fs?: FileSystem) => Store> = {
  files: (path, fs) => files(path, fs === undefined ? {} : { fs }),
  hashed: (path, fs) => hashed(path, fs === undefined ? {} : { fs }),
};

const OLD = { contentType: 'text/old', metadata: { n: 'old' } };
const NEW = { contentType: 'text/new', metadata: { n: 'new' } };

/** The object as one line: bytes and attributes, which belong together. */
async function look(store: Store, key: string): Promise<string> {
  const read = await store.get(key).catch((error: unknown) => {
    if (isStoreError(error, 'NotFound')) return undefined;
    throw error;
  });
  if (read === undefined) return 'nothing';
  const { contentType, metadata } = read.info.attributes;
  return `${await read.text()} ${contentType} ${metadata?.['n']}`;
}

interface Case {
  readonly name: string;
  readonly before: (store: Store) => Promise<unknown>;
  readonly act: (store: Store) => Promise<unknown>;
  /** what `dir/a` may be after */
  readonly states: readonly string[];
}

const OLD_STATE = 'old text/old old';
const NEW_STATE = 'newer text/new new';

const CASES: readonly Case[] = [
  {
    name: 'a first put',
    before: () => Promise.resolve(),
    act: (store) => store.put('dir/a', 'newer', { attributes: NEW }),
    states: ['nothing', NEW_STATE],
  },
  {
    name: 'an overwriting put',
    before: (store) => store.put('dir/a', 'old', { attributes: OLD }),
    act: (store) => store.put('dir/a', 'newer', { attributes: NEW }),
    states: [OLD_STATE, NEW_STATE],
  },
  {
    name: 'a put that creates',
    before: () => Promise.resolve(),
    act: (store) => store.put('dir/a', 'newer', { attributes: NEW, mode: 'create' }),
    states: ['nothing', NEW_STATE],
  },
  {
    name: 'a copy',
    before: (store) => store.put('b', 'newer', { attributes: NEW }),
    act: (store) => store.copy('b', 'dir/a'),
    states: ['nothing', NEW_STATE],
  },
  {
    name: 'a delete',
    before: (store) => store.put('dir/a', 'old', { attributes: OLD }),
    act: (store) => store.delete('dir/a'),
    states: [OLD_STATE, 'nothing'],
  },
  {
    name: 'a put below a key',
    before: (store) => store.put('dir/a', 'old', { attributes: OLD }),
    act: (store) => store.put('dir/a/b', 'x'),
    states: [OLD_STATE],
  },
  {
    name: 'a put beside a folder',
    before: (store) => store.put('dir/a/b', 'x'),
    act: (store) => store.put('dir/a', 'newer', { attributes: NEW }),
    states: ['nothing', NEW_STATE],
  },
  {
    name: 'an upload',
    before: (store) => store.put('dir/a', 'old', { attributes: OLD }),
    act: async (store) => {
      const up = await store.upload('dir/a', { attributes: NEW, partSize: 2 });
      await up.write('newer');
      await up.complete();
    },
    states: [OLD_STATE, NEW_STATE],
  },
];

for (const [kind, open] of Object.entries(KINDS)) {
  suite(`faults: ${kind}`, () => {
    for (const { name, before, act, states } of CASES) {
      /** Runs with the nth call failing, for all n until none fails. */
      const each = async (
        ends: boolean,
        check: (path: string, isDone: boolean, call: string) => Promise<void>,
      ): Promise<void> => {
        for (let n = 0; ; n++) {
          const path = join(root, `${folders++}`);
          await before(open(path));
          const { fs, calls } = faultyFiles(n, { ends });
          const isDone = await act(open(path, fs)).then(
            () => true,
            (error: unknown) => {
              assert.ok(isStoreError(error), `call ${n}: ${String(error)}`);
              return false;
            },
          );
          await check(path, isDone, calls[n] ?? '').catch((error: unknown) => {
            throw new Error(`when call ${n} failed (${calls.slice(0, n + 1).join(' ')})`, { cause: error });
          });
          await rm(path, { recursive: true });
          if (calls.length <= n) return;
        }
      };

      test(`${name}: the process ends`, async () => {
        await each(true, async (path, isDone) => {
          const store = open(path);
          const state = await look(store, 'dir/a');
          assert.ok(isDone ? state === states.at(-1) : states.includes(state), state);
          // Whoever comes next can do what was not done.
          await act(store).catch((error: unknown) => {
            if (state !== states.at(-1) || !isStoreError(error, 'AlreadyExists')) throw error;
          });
          assert.equal(await look(store, 'dir/a'), states.at(-1));
        });
      });

      test(`${name}: a call fails`, async () => {
        await each(false, async (path, isDone, call) => {
          const store = open(path);
          const state = await look(store, 'dir/a');
          assert.ok(isDone ? state === states.at(-1) : states.includes(state), state);
          // What cannot be removed stays until a later start.
          if (call === 'rm') return;
          const left = await readdir(join(path, '.cistern', 'tmp')).catch(() => []);
          assert.deepEqual(left, [], 'no leftovers');
        });
      });
    }
  });
}

suite('faults', () => {
  test('what the system says becomes a code of stores', async () => {
    const codes = {
      ENOSPC: 'StorageFull',
      EDQUOT: 'StorageFull',
      EACCES: 'PermissionDenied',
      EROFS: 'PermissionDenied',
      EMFILE: 'Unavailable',
      ENAMETOOLONG: 'InvalidKey',
      EFBIG: 'TooLarge',
      EWEIRD: 'Unexpected',
    };
    for (const [code, expected] of Object.entries(codes)) {
      const path = join(root, `${folders++}`);
      const counting = faultyFiles(-1);
      await files(path, { fs: counting.fs }).put('b', 'x');
      const { fs } = faultyFiles(counting.calls.lastIndexOf('write'), { code });
      await rm(path, { recursive: true });
      await assert.rejects(files(path, { fs }).put('b', 'x'), (error) => {
        assert.ok(isStoreError(error), String(error));
        assert.equal(error.code, expected, code);
        assert.equal((error.cause as NodeJS.ErrnoException).code, code);
        return true;
      });
    }
  });
});
