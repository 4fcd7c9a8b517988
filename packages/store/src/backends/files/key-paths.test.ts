/** Keys and paths are one to one, and no path leaves the root. */

import assert from 'node:assert/strict';
import { join, sep } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { BESIDE, CONTINUED, KeyPaths } from './key-paths.ts';

const ROOT = '/data';

/** What is likely to break a mapping, in any order. */
const hostile = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '/',
      '.',
      '..',
      '%',
      '%2F',
      '%00',
      '%FF',
      '%25',
      '2F',
      '//',
      ' ',
      '~1',
      '\\',
      ':',
      '*',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'CON',
      'nul.txt',
      'com1',
      'aux ',
      '.cistern',
      '.CISTERN',
      'x'.repeat(250),
      'ü'.repeat(130),
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom('a', 'b', 'é', '🚰', '\u{10ffff}', '\u0001', '\n') },
);
const keys = fc
  .array(hostile, { minLength: 1, maxLength: 8 })
  .map((parts) => parts.join(''))
  .filter((key) => key !== '' && !key.includes('\0') && key.isWellFormed() && !key.startsWith('.cistern/'));

/** As a walk reads a key from the names on the way to a file. */
function toKey(paths: KeyPaths, names: readonly string[], beside: boolean): string | undefined {
  const segments: string[] = [];
  let pieces: string[] = [];
  for (const [index, name] of names.entries()) {
    pieces.push(name);
    if (name.endsWith(CONTINUED)) continue;
    const isLast = index === names.length - 1;
    const segment = paths.toSegment(pieces, segments.length === 0, beside && isLast);
    if (segment === undefined) return undefined;
    segments.push(segment);
    pieces = [];
  }
  return segments.join('/');
}

for (const [portable, literal] of [
  [false, false],
  [true, false],
  [false, true],
] as const) {
  const paths = new KeyPaths({ portable, literal });

  suite(`keys as paths${portable ? ', portable' : ''}${literal ? ', literal' : ''}`, () => {
    test('a path leads back to its key, from both places: no two keys share one', () => {
      fc.assert(
        fc.property(keys, (key) => {
          const plain = paths.toNames(key);
          const beside = paths.toNames(key, true);
          assert.equal(toKey(paths, plain, false), key);
          assert.equal(toKey(paths, beside, true), key);
          assert.notDeepEqual(plain, beside);
          assert.ok(!plain.at(-1)?.endsWith(BESIDE));
        }),
        { numRuns: 2000 },
      );
    });

    test('each name is one that a file can have, and stays below the root', () => {
      fc.assert(
        fc.property(keys, fc.boolean(), (key, beside) => {
          const names = paths.toNames(key, beside);
          const path = join(ROOT, ...names);
          assert.equal(path, [ROOT, ...names].join(sep));
          assert.notEqual(names[0]?.toLowerCase(), '.cistern');
          for (const name of names) {
            assert.ok(
              name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0'),
            );
            assert.ok(Buffer.byteLength(name) <= 255, `${Buffer.byteLength(name)} bytes`);
            if (!portable) continue;
            assert.doesNotMatch(name, /[<>:"\\|?*]|[. ]$/);
            assert.doesNotMatch(name, /^(?:con|prn|aux|nul|com\d|lpt\d) *(?:\.|$)/i);
          }
        }),
        { numRuns: 2000 },
      );
    });

    test('a name of any file is that of one key at most', () => {
      fc.assert(
        fc.property(keys, (text) => {
          const name = text.replaceAll('/', '');
          if (name === '' || name.endsWith(CONTINUED) || name.endsWith(BESIDE)) return;
          const segment = paths.toSegment([name], true);
          if (segment !== undefined) assert.deepEqual(paths.segmentNames(segment, true), [name]);
        }),
        { numRuns: 2000 },
      );
    });
  });
}

suite('paths of keys', () => {
  const paths = new KeyPaths({ portable: false });

  test('plain keys are plain paths', () => {
    for (const key of [
      'photos/2026/a b.jpg',
      '100%',
      '50% off.txt',
      'a%41b',
      'Zürich/🚰',
      'what?',
      'CON',
      'x\\y',
      '...',
      '.hidden',
    ]) {
      assert.equal(paths.toNames(key).join('/'), key);
    }
  });

  test('what cannot be a name is escaped', () => {
    const expected: Record<string, string> = {
      '../up': '%2E%2E/up',
      'a//b': 'a/%00/b',
      '/a/': '%00/a/%00',
      'a/./b': 'a/%2E/b',
      '.cistern': '%2Ecistern',
      'a%2Fb': 'a%252Fb',
    };
    for (const [key, path] of Object.entries(expected)) assert.equal(paths.toNames(key).join('/'), path);
    assert.deepEqual(paths.toNames('x'.repeat(300)), [`${'x'.repeat(252)}%FF`, `%FF${'x'.repeat(48)}`]);
    const portable = new KeyPaths({ portable: true });
    assert.deepEqual(portable.toNames('con.txt/a:b/end.'), ['%63on.txt', 'a%3Ab', 'end%2E']);
  });
});
