/** @module What is found at a place: folders, objects, patterns, against memory and this machine's files. */

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import { compareKeys } from '@cistern/store';
import type { ListEntry, ListOptions, Store } from '@cistern/store';
import { Cli } from '../command/cli.ts';
import type { LiteralFlag } from '../command/options.ts';
import { Places } from '../places/places.ts';
import { expand } from './expand.ts';
import { globExpression, globStart } from './glob.ts';
import { walk } from './walk.ts';
import type { WalkOptions } from './walk.ts';

const { stdout, stderr, stdin } = process;
const cli = new Cli({ env: {}, stdout, stderr, stdin });

/** Names of what is at the place, in their order. */
async function names(
  places: Places,
  text: string,
  { literal, ...options }: WalkOptions & LiteralFlag = {},
): Promise<string[]> {
  const selection = await expand(places, text, literal === true ? { literal } : {});
  const found = await Array.fromAsync(walk(selection, options));
  return found.map(({ name }) => name);
}

async function memoryWith(keys: readonly string[]): Promise<Places> {
  const places = new Places(cli);
  const { store } = await places.open('mem:');
  for (const key of keys) await store.put(key, key);
  return places;
}

const KEYS = [
  'logs/2026-01/x1.gz',
  'logs/2026-01/x2.gz',
  'logs/2026-02/deep/x1.gz',
  'logs/2026-02/x1.gz',
  'logs/2027-01/x1.gz',
  'logs/readme',
  'logs2',
  'photos/',
  'photos/a [1].jpg',
  'photos/b.jpg',
];

suite('walk', () => {
  test('a folder, one level of it or all, and one object', async () => {
    const places = await memoryWith(KEYS);
    assert.deepEqual(await names(places, 'mem:'), ['logs/', 'logs2', 'photos/']);
    assert.deepEqual(await names(places, 'mem:logs'), ['2026-01/', '2026-02/', '2027-01/', 'readme']);
    assert.deepEqual(await names(places, 'mem:logs/2026-02', { recursive: true }), ['deep/x1.gz', 'x1.gz']);
    assert.deepEqual(await names(places, 'mem:logs/2026-02/x1.gz'), ['x1.gz']);
    assert.deepEqual(await names(places, 'mem:photos', { recursive: true }), ['', 'a [1].jpg', 'b.jpg']);
  });

  test('patterns, whose names are relative to the folder before them', async () => {
    const places = await memoryWith(KEYS);
    assert.deepEqual(await names(places, 'mem:logs/2026-*/x?.gz'), [
      '2026-01/x1.gz',
      '2026-01/x2.gz',
      '2026-02/x1.gz',
    ]);
    assert.deepEqual(await names(places, 'mem:logs/2026-*'), ['2026-01/', '2026-02/']);
    assert.deepEqual(await names(places, 'mem:logs*'), ['logs/', 'logs2']);
    assert.deepEqual(await names(places, 'mem:logs*/'), ['logs/']);
    assert.deepEqual(await names(places, 'mem:logs/2026-{02,03}', { recursive: true }), [
      '2026-02/deep/x1.gz',
      '2026-02/x1.gz',
    ]);
    assert.deepEqual(await names(places, 'mem:logs/**/x1.gz'), [
      '2026-01/x1.gz',
      '2026-02/deep/x1.gz',
      '2026-02/x1.gz',
      '2027-01/x1.gz',
    ]);
    assert.deepEqual(await names(places, 'mem:*/2026-01/x1.gz'), ['logs/2026-01/x1.gz']);
    assert.deepEqual(await names(places, String.raw`mem:photos/a \[1\].jpg`), ['a [1].jpg']);
    assert.deepEqual(await names(places, 'mem:photos/a [1].jpg', { literal: true }), ['a [1].jpg']);
  });

  test('of a pattern no more is listed than what begins as it does, level by level', async () => {
    const selection = await expand(await memoryWith(KEYS), 'mem:logs/2026-*/x?.gz');
    const { store } = selection.opened;
    const asked: unknown[] = [];
    const listing = (options: ListOptions): AsyncIterable<ListEntry> => {
      asked.push([options.prefix, options.delimiter]);
      return store.list(options);
    };
    const opened = {
      ...selection.opened,
      store: Object.create(store, { list: { value: listing } }) as Store,
    };
    assert.equal((await Array.fromAsync(walk({ ...selection, opened }))).length, 3);
    assert.deepEqual(asked, [
      ['logs/2026-', '/'],
      ['logs/2026-01/x', '/'],
      ['logs/2026-02/x', '/'],
    ]);
  });

  test('what is not there is not found; an empty store is, and what a filter leaves out', async () => {
    const places = await memoryWith(KEYS);
    for (const text of ['mem:log', 'mem:logs/2026-01/', 'mem:photos/a [1].jpg', 'mem:x*']) {
      const isThere = text === 'mem:logs/2026-01/';
      if (isThere) assert.equal((await names(places, text)).length, 2);
      else await assert.rejects(names(places, text), { exitCode: 3 }, text);
    }
    assert.deepEqual(await names(places, 'mem:logs', { filter: () => false }), []);
    assert.deepEqual(await names(new Places(cli), 'mem:'), []);
  });

  suite('on this machine', () => {
    let folder = '';
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cistern-walk-[x]*'));
      await mkdir(join(folder, 'b[1]'));
      await writeFile(join(folder, 'a1'), '');
      await writeFile(join(folder, 'b[1]', 'c'), '');
    });
    after(() => rm(folder, { recursive: true, force: true }));

    test('a path that is there is no pattern, whatever it is called', async () => {
      const places = new Places(cli);
      assert.deepEqual(await names(places, folder), ['a1', 'b[1]/']);
      assert.deepEqual(await names(places, join(folder, 'b[1]')), ['c']);
      assert.deepEqual(await names(places, join(folder, 'a1')), ['a1']);
      assert.deepEqual(await names(places, join(folder, '*', 'c')), ['b[1]/c']);
      assert.deepEqual(await names(places, join(folder, '?1')), ['a1']);
      for (const name of ['c*', 'nothing', 'nothing/', 'nothing/*']) {
        await assert.rejects(names(places, `${folder}/${name}`), { exitCode: 3 }, name);
      }
      await places.close();
    });
  });

  test('finds what matching each key would, in the order of keys', async () => {
    const key = fc
      .array(fc.stringMatching(/^[ab.*]{1,3}$/), { minLength: 1, maxLength: 4 })
      .map((segments) => segments.join('/'));
    const piece = fc.constantFrom(
      'a',
      'b',
      '*',
      '?',
      '.',
      '[ab]',
      '[!a]',
      '{a,b*}',
      String.raw`\*`,
      '{a/b,b}',
    );
    const segment = fc.oneof(
      fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join('')),
      fc.constant('**'),
    );
    const pattern = fc
      .array(segment, { minLength: 1, maxLength: 4 })
      .map((segments) => segments.join('/'))
      .filter((text) => globStart(text) !== -1);
    const property = fc.asyncProperty(
      fc.uniqueArray(key, { maxLength: 12 }),
      pattern,
      fc.boolean(),
      async (keys, text, recursive) => {
        // Anything may match, so that a place without a match is no failure of its own.
        const places = await memoryWith(keys);
        const selection = await expand(places, `mem:${text}`);
        const found = await Array.fromAsync(walk(selection, { recursive })).catch((error: unknown) => {
          assert.equal((error as { exitCode?: number }).exitCode, 3);
          return [];
        });
        const expression = globExpression(text);
        const isMeant = (one: string): boolean =>
          one.split('/').some((_, index, all) => expression.test(all.slice(0, index + 1).join('/')));
        const expected = keys.filter((one) => (recursive ? isMeant(one) : expression.test(one)));
        const objects = found.flatMap((one) => (one.type === 'object' ? [one.key] : []));
        assert.deepEqual(objects, expected.sort(compareKeys));
      },
    );
    await fc.assert(property, { numRuns: 500 });
  });
});
