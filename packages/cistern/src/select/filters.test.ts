/** @module Filters by name, age and size, as their flags are given. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Command } from 'commander';
import { filterOptions } from '../command/options.ts';
import { toFilter } from './filters.ts';
import type { FilterFlags } from './filters.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const NAMES = ['top.txt', 'a.jpg', 'tmp/a.jpg', 'tmp/keep/b.jpg', 'x/tmp/c.txt', 'tmpfile'];

/** The names that are meant, of objects of 100 bytes, a day old. */
function meant(args: readonly string[], names: readonly string[] = NAMES): readonly string[] {
  const command = filterOptions(new Command()).exitOverride().parse(args, { from: 'user' });
  const filter = toFilter(command.opts<FilterFlags>(), NOW);
  const object = { size: 100, lastModified: new Date(NOW - 86_400_000) };
  return names.filter((name) => filter?.(name, object) ?? true);
}

suite('filters', () => {
  test('an include alone means only that, an exclude alone all but that', () => {
    assert.deepEqual(meant(['--include', '*.jpg']), ['a.jpg', 'tmp/a.jpg', 'tmp/keep/b.jpg']);
    assert.deepEqual(meant(['--exclude', '*.jpg']), ['top.txt', 'x/tmp/c.txt', 'tmpfile']);
  });

  test('the last rule that matches decides, whichever flag it came by', () => {
    const kept = meant(['--exclude', 'tmp', '--include', 'tmp/keep', '--exclude', 'top.*']);
    assert.deepEqual(kept, ['a.jpg', 'tmp/keep/b.jpg', 'tmpfile']);
    assert.deepEqual(meant(['--exclude', '*', '--include', '*.txt']), ['top.txt', 'x/tmp/c.txt']);
    assert.deepEqual(meant(['--include', '*.txt', '--exclude', '*']), []);
  });

  test('a folder that matches is all that is below it; a slash binds a pattern to the place', () => {
    assert.deepEqual(meant(['--include', 'tmp']), ['tmp/a.jpg', 'tmp/keep/b.jpg', 'x/tmp/c.txt']);
    assert.deepEqual(meant(['--include', '/tmp']), ['tmp/a.jpg', 'tmp/keep/b.jpg']);
    assert.deepEqual(meant(['--include', 'tmp*/']), ['tmp/a.jpg', 'tmp/keep/b.jpg', 'x/tmp/c.txt']);
    assert.deepEqual(meant(['--include', 'tmp/*.jpg']), ['tmp/a.jpg']);
    assert.deepEqual(meant(['--include', '**/keep/*']), ['tmp/keep/b.jpg']);
  });

  test('sizes and ages, exclusive', () => {
    for (const [args, all] of [
      [['--larger-than', '99'], true],
      [['--larger-than', '100'], false],
      [['--smaller-than', '0.1KB'], false],
      [['--smaller-than', '1K'], true],
      [['--newer-than', '25h'], true],
      [['--newer-than', '1d'], false],
      [['--older-than', '2026-11-20T12:00Z'], false],
      [['--older-than', '2026-11-20T12:00:01Z'], true],
      [['--newer-than', '2026-11-20T11:00:00Z', '--larger-than', '1MiB'], false],
    ] as const) {
      assert.deepEqual(meant(args), all ? NAMES : [], args.join(' '));
    }
  });

  test('a folder has a name, and neither size nor age', () => {
    const byName = toFilter({ names: [{ glob: 'tmp/', isInclude: false }] });
    assert.deepEqual([byName?.('tmp/', undefined), byName?.('tmp2/', undefined)], [false, true]);
    assert.equal(toFilter({ smallerThan: '1M' })?.('tmp/', undefined), false);
  });

  test('no flags, no filter; nonsense is refused with the name of the flag', () => {
    assert.equal(toFilter({}), undefined);
    assert.throws(() => toFilter({ largerThan: 'much' }), { option: '--larger-than' });
    assert.throws(() => toFilter({ newerThan: '2026-13-01' }), { option: '--newer-than' });
    assert.throws(() => toFilter({ olderThan: 'yesterday' }), { option: '--older-than' });
  });
});
