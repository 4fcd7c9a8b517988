/** Directories of storage classes: made, locked, bound to one data directory, and refused where blobs would get mixed. */

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';

import type { StorageClassMap } from './config.ts';
import { openDataDirectory } from './data-directory.ts';
import type { DataDirectory } from './data-directory.ts';

let root = '';
const opened = new Set<() => void>();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cistern-classes-'));
});

afterEach(() => {
  for (const close of opened) close();
  rmSync(root, { recursive: true, force: true });
});

type Pairs = readonly (readonly [name: string, path: string])[];

function classes(...pairs: Pairs): StorageClassMap {
  return Object.fromEntries(
    pairs.map(([name, path]) => [name, { directory: join(root, path), compression: 'none' }]),
  );
}

async function open(data: string, ...pairs: Pairs): Promise<DataDirectory> {
  const directory = await openDataDirectory(join(root, data), classes(...pairs));
  const close = (): void => {
    opened.delete(close);
    directory.close();
  };
  opened.add(close);
  return { close };
}

async function refuses(message: RegExp, data: string, ...pairs: Pairs): Promise<void> {
  await assert.rejects(open(data, ...pairs), { name: 'ClassDirectoryUnusable', message });
}

test('is made, only for its owner, with what a store of blobs needs', async () => {
  await open('data', ['GLACIER', 'disks/cold']);
  const made = readdirSync(join(root, 'disks/cold')).filter((name) => name !== 'lock-journal');
  assert.deepEqual(made.sort(), ['blobs', 'lock', 'owner', 'tmp']);
  for (const name of ['disks', 'disks/cold', 'disks/cold/blobs', 'disks/cold/tmp'])
    assert.equal(statSync(join(root, name)).mode & 0o777, 0o700, name);
  for (const name of ['lock', 'owner'])
    assert.equal(statSync(join(root, 'disks/cold', name)).mode & 0o777, 0o600);
  assert.equal(statSync(join(root, 'data/id')).mode & 0o777, 0o600);
});

test('loses what a crash left in its tmp/, and keeps its blobs', async () => {
  const first = await open('data', ['GLACIER', 'cold']);
  writeFileSync(join(root, 'cold/tmp/0123456789ab-7'), 'unfinished');
  mkdirSync(join(root, 'cold/blobs/GLACIER'));
  first.close();
  await open('data', ['GLACIER', 'cold']);
  assert.deepEqual(readdirSync(join(root, 'cold/tmp')), []);
  assert.ok(existsSync(join(root, 'cold/blobs/GLACIER')));
});

suite('one process', () => {
  test('has it at a time', async () => {
    const first = await open('one', ['GLACIER', 'cold']);
    await refuses(/cold of the storage class DEEP_ARCHIVE cannot be used: another process uses it/, 'two', [
      'DEEP_ARCHIVE',
      'cold',
    ]);
    first.close();
    await open('two', ['DEEP_ARCHIVE', 'cold']);
  });

  test('gives back all that it has locked when one cannot be had', async () => {
    writeFileSync(join(root, 'file'), '');
    await refuses(
      /file of the storage class DEEP_ARCHIVE cannot be used: it is not a directory/,
      'data',
      ['GLACIER', 'cold'],
      ['DEEP_ARCHIVE', 'file'],
    );
    await open('data', ['GLACIER', 'cold']);
  });
});

test('may be that of two classes', async () => {
  await open('data', ['GLACIER', 'cold'], ['DEEP_ARCHIVE', 'cold']);
});

suite('belongs to one data directory', () => {
  test('as long as it has blobs', async () => {
    (await open('one', ['GLACIER', 'cold'])).close();
    (await open('two', ['GLACIER', 'cold'])).close();
    mkdirSync(join(root, 'cold/blobs/GLACIER'));
    await refuses(/holds the blobs of another data directory than .*one\..*owner/, 'one', [
      'GLACIER',
      'cold',
    ]);
    await open('two', ['GLACIER', 'cold']);
  });

  test('is no data directory itself', async () => {
    (await open('one')).close();
    writeFileSync(join(root, 'one/catalog.db'), 'of a server');
    await refuses(/one of the storage class GLACIER .*it is a data directory/, 'two', ['GLACIER', 'one']);
  });
});

suite('is refused', () => {
  test('as the data directory, by another name, too', async () => {
    await refuses(/the data directory itself/, 'data', ['GLACIER', 'data']);
    symlinkSync(join(root, 'data'), join(root, 'link'));
    await refuses(/the data directory itself/, 'data', ['GLACIER', 'link']);
  });

  for (const folder of ['blobs', 'tmp']) {
    test(`within ${folder}/ of the data directory or of a class, and around them`, async () => {
      for (const pairs of [
        [['GLACIER', `data/${folder}`]],
        [['GLACIER', `data/${folder}/cold`]],
        [
          ['GLACIER', 'cold'],
          ['DEEP_ARCHIVE', `cold/${folder}/deep`],
        ],
      ] as const) {
        await refuses(
          new RegExp(`would be within .*/${folder}, which holds nothing but blobs`),
          'data',
          ...pairs,
        );
      }
      assert.ok(!existsSync(join(root, 'data', folder, 'cold')));
      assert.ok(!existsSync(join(root, 'cold')));
      await refuses(/would be within/, `cold/${folder}/data`, ['GLACIER', 'cold']);
    });
  }

  test('nowhere else in the data directory', async () => {
    await open('data', ['GLACIER', 'data/cold']);
  });
});
