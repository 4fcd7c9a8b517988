/** @module Tests of what a directory takes on the disk. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { diskBytes } from './disk-usage.ts';

test('files at any depth count with their blocks, holes do not', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'cistern-disk-usage-'));
  t.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'below', 'below'), { recursive: true });
  const before = diskBytes(directory);
  writeFileSync(join(directory, 'below', 'below', 'file'), randomBytes(2 ** 20), { flush: true });
  const full = diskBytes(directory) - before;
  assert.ok(full >= 2 ** 20 && full < 2 ** 21, `${full} bytes`);
  writeFileSync(join(directory, 'hole'), '');
  truncateSync(join(directory, 'hole'), 2 ** 30);
  assert.ok(diskBytes(directory) - before < 2 ** 22);
  assert.equal(diskBytes(join(directory, 'missing')), 0);
});
