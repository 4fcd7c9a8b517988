/** The root key's file. */

import assert from 'node:assert/strict';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { rootKeyOf } from './credentials.ts';

function newDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'cistern-credentials-'));
  after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('the key is made once, and is readable by its owner only', () => {
  const directory = newDirectory();
  const first = rootKeyOf(directory);
  assert.equal(first.isNew, true);
  assert.deepEqual(readdirSync(directory), ['credentials']);
  assert.equal(statSync(join(directory, 'credentials')).mode & 0o777, 0o600);
  assert.deepEqual(rootKeyOf(directory), { ...first, isNew: false });
});

test('the secret is not written through a file or a link that was put in its way', () => {
  const directory = newDirectory();
  const elsewhere = join(newDirectory(), 'elsewhere');
  writeFileSync(elsewhere, 'as it was', { mode: 0o644 });
  symlinkSync(elsewhere, join(directory, 'credentials.new'));
  const { credentials } = rootKeyOf(directory);
  assert.equal(readFileSync(elsewhere, 'utf8'), 'as it was');
  assert.match(readFileSync(join(directory, 'credentials'), 'utf8'), new RegExp(credentials.secretAccessKey));
  assert.equal(statSync(join(directory, 'credentials')).mode & 0o777, 0o600);
});
