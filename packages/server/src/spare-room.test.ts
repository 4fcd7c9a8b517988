/** The room that is kept for a disk without any. That it is enough is shown on a real one: `tests/faults/disk/full.test.ts`. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { SpareRoom } from './spare-room.ts';

const PLENTY = { left: 2 ** 30 };

function directoryOf(t: TestContext): { directory: string; file: string } {
  const directory = mkdtempSync(join(tmpdir(), 'cistern-spare-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return { directory, file: join(directory, 'spare') };
}

test('is kept once there is room, is used once, and is kept again', (t) => {
  const { directory, file } = directoryOf(t);
  const spare = new SpareRoom(directory);
  spare.keep({ left: 1000 });
  assert.equal(existsSync(file), false);
  assert.equal(spare.use(), false);
  spare.keep(PLENTY);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(statSync(file).size >= 2 ** 20);
  assert.deepEqual([spare.use(), spare.use(), existsSync(file)], [true, false, false]);
  spare.keep(PLENTY);
  assert.ok(existsSync(file));
});

test('is made whole when a crash has left a part of it, and left as it is otherwise', (t) => {
  const { directory, file } = directoryOf(t);
  new SpareRoom(directory).keep(PLENTY);
  const { size, mtimeMs } = statSync(file);
  new SpareRoom(directory).keep(PLENTY);
  assert.equal(statSync(file).mtimeMs, mtimeMs);
  truncateSync(file, 1);
  new SpareRoom(directory).keep(PLENTY);
  assert.equal(statSync(file).size, size);
});

test('is given up by no start on a disk that has room', (t) => {
  const { directory, file } = directoryOf(t);
  const spare = new SpareRoom(directory);
  spare.keep(PLENTY);
  spare.useForStart();
  assert.ok(existsSync(file));
  new SpareRoom(join(directory, 'not', 'there')).useForStart();
});
