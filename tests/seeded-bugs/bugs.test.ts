/** The list of seeded bugs: each still fits the product, and is told apart from the others. `npm run prove:bugs` hunts them. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { PROOFS } from '../proof/table.ts';
import { BUGS } from './bugs/index.ts';
import { ROOT, withBug } from './plant.ts';

test('every bug fits the source that it is for, and changes it', () => {
  for (const bug of BUGS) {
    const source = readFileSync(join(ROOT, bug.file), 'utf8');
    assert.notEqual(withBug(bug, source), source, bug.name);
  }
});

test('there are at least 20, no two of a name', () => {
  assert.ok(BUGS.length >= 20, `${BUGS.length} bugs`);
  assert.equal(new Set(BUGS.map(({ name }) => name)).size, BUGS.length);
});

test('what is to catch them is there', () => {
  const proofs = new Set(PROOFS.map(({ name }) => name));
  for (const { name, caughtBy } of BUGS) {
    assert.notEqual(caughtBy.length, 0, name);
    for (const catcher of caughtBy) {
      if ('test' in catcher)
        for (const file of catcher.test.split(' '))
          assert.ok(existsSync(join(ROOT, file)), `${name}: ${file}`);
      else assert.ok(proofs.has(catcher.proof[0] ?? ''), `${name}: ${catcher.proof.join(' ')}`);
    }
  }
});

test('a bug that no longer fits is told by its name', () => {
  const bug = { name: 'gone', breaks: '', file: 'a.ts', find: 'x', replace: 'y', caughtBy: [] };
  assert.throws(
    () => withBug(bug, 'a x b x'),
    /The bug gone no longer fits: its text stands 2 times in a\.ts/,
  );
});
