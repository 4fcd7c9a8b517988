/** @module `cistern tree`, `du`, `find` and `stat`, against our server, and on folders and archives. */

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { zip } from '@cistern/store/zip';
import { startTestServer } from '../support/server.ts';
import { cliHome, golden, shapesOf } from './cli.ts';

const { s3 } = await startTestServer({ buckets: ['photos', 'more'] });
const home = cliHome(s3);
const FIVE = 'five!';

const KEYS = ['2026/a.jpg', '2026/b/c.jpg', '2026/b/d [1].txt', '2027/', '2027/a.jpg', 'top.txt'];

before(async () => {
  for (const key of KEYS) {
    const headers = { 'content-type': 'image/jpeg', 'x-amz-meta-by': 'me' };
    const path = `/photos/${key.split('/').map(encodeURIComponent).join('/')}`;
    const body = key.endsWith('/') ? '' : FIVE;
    assert.equal((await s3.send('PUT', path, { headers, body })).status, 200);
  }
  assert.equal((await s3.send('PUT', '/more/x', { body: FIVE })).status, 200);
  await mkdir(join(home.folder, 'data', 'deep'), { recursive: true });
  await mkdir(join(home.folder, 'empty'));
  await writeFile(join(home.folder, 'data', 'deep', 'file'), '12345');
  await writeFile(join(home.folder, 'data', '-x.txt'), '');
  await using archive = await zip(join(home.folder, 'a.zip'));
  await archive.put('in/side.txt', FIVE);
});

suite('tree', () => {
  test('all of it, with sizes if asked for', async () => {
    const lines = [
      's3://photos',
      '├── 2026/',
      '│   ├── a.jpg',
      '│   └── b/',
      '│       ├── c.jpg',
      '│       └── d [1].txt',
      '├── 2027/',
      '│   └── a.jpg',
      '└── top.txt',
      '',
      '3 folders, 5 objects, 25 B',
      '',
    ];
    assert.deepEqual((await home.ok(['tree', 's3://photos'])).split('\n'), lines);
    const sizes = await home.ok(['tree', '-s', 's3://photos', '--exclude', 'b']);
    assert.match(sizes, /^├── 2026\/ {2}\(5 B in 1 object\)\n│ {3}└── a\.jpg {2}\(5 B\)\n/m);
  });

  test('some levels of it, with numbers for what is deeper or without a look at it', async () => {
    const shallow = await home.ok(['tree', '-L', '2', 's3://photos/2026']);
    assert.equal(
      shallow,
      's3://photos/2026\n├── a.jpg\n└── b/\n    ├── c.jpg\n    └── d [1].txt\n\n1 folder, 3 objects, 15 B\n',
    );
    assert.equal(
      await home.ok(['tree', '-L', '1', 'data']),
      'data\n├── -x.txt\n└── deep/\n\n1 folder, 1 object, 0 B\n',
    );
    const counted = await home.ok(['tree', '-sL', '1', 's3://photos/']);
    assert.match(
      counted,
      /^├── 2026\/ {2}\(15 B in 3 objects\)\n├── 2027\/ {2}\(5 B in 2 objects\)\n└── top/m,
    );
    assert.equal((await home.run(['tree', '-L', '0', 'data'])).code, 2);
  });

  test('JSON is as it was', async () => {
    golden('json/tree.txt', shapesOf(await home.json(['tree', 's3://photos'])));
    const [first] = await home.json(['tree', 's3://photos/2026/b/', '--levels', '1']);
    assert.equal(first?.['key'], '2026/b/c.jpg');
    const deep = await home.json(['tree', 's3://photos/2026']);
    assert.deepEqual(deep[1], { type: 'prefix', prefix: '2026/b/', level: 1, objects: 2, size: 10 });
  });
});

suite('du', () => {
  test('places, the folders in them, and all of them', async () => {
    assert.match(await home.ok(['du', 's3://photos']), /^ {4}25 B {7}6 objects {2}s3:\/\/photos\n$/);
    const names = async (...args: readonly string[]): Promise<string[]> => {
      const lines = (await home.ok(['du', '-b', ...args])).trimEnd().split('\n');
      return lines.map((line) => line.trim().replace(/ {2,}/g, ' '));
    };
    assert.deepEqual(await names('-d', '2', 's3://photos/', 'data'), [
      '10 2 objects s3://photos/2026/b/',
      '15 3 objects s3://photos/2026/',
      '5 2 objects s3://photos/2027/',
      '25 6 objects s3://photos/',
      '5 1 object data/deep/',
      '5 2 objects data',
      '30 8 objects in all',
    ]);
    assert.deepEqual(await names('s3://'), [
      '5 1 object s3://more',
      '25 6 objects s3://photos',
      '30 7 objects in all',
    ]);
    assert.deepEqual(await names('-d1', 's3://photos/*6', '--exclude', 'a.*'), [
      '10 2 objects s3://photos/2026/',
      '10 2 objects s3://photos/*6',
    ]);
  });

  test('JSON is as it was', async () => {
    const records = await home.json(['du', '-d', '1', 's3://photos', 'zip:a.zip']);
    golden('json/du.txt', shapesOf(records));
    assert.deepEqual(records.at(-2), { type: 'usage', place: 'zip:a.zip', prefix: '', objects: 1, size: 5 });
  });
});

suite('find', () => {
  test('places that can be used again, whatever the keys', async () => {
    const found = await home.ok(['find', 's3://photos', '--name', 'c.*', '--name', 'd*', '-0']);
    const [first = '', second = '', ...rest] = found.split('\0');
    assert.deepEqual(
      [first, second, rest],
      ['s3://photos/2026/b/c.jpg', String.raw`s3://photos/2026/b/d \[1\].txt`, ['']],
    );
    assert.equal(await home.ok(['ls', second]), 'd [1].txt\n');
    const literal = await home.ok(['find', 's3://photos', '--literal', '--name', 'd*']);
    assert.equal(literal, 's3://photos/2026/b/d [1].txt\n');
    assert.equal(
      await home.ok(['find', '*', '--name', '-*'], { cwd: join(home.folder, 'data') }),
      './-x.txt\n',
    );
    assert.equal(
      await home.ok(['find', 'zip:a.zip', 'data/', '--larger-than', '1']),
      'zip:a.zip/in/side.txt\ndata/deep/file\n',
    );
  });

  test('folders, and what a filter leaves', async () => {
    const folders = await home.ok(['find', 's3://photos', '--type', 'folder']);
    assert.deepEqual(folders.split('\n'), [
      's3://photos/2026/',
      's3://photos/2026/b/',
      's3://photos/2027/',
      '',
    ]);
    const all = await home.ok([
      'find',
      's3://photos/2026',
      '--type',
      'all',
      '--name',
      '[ab]*',
      '--include',
      '{b,*.jpg}',
    ]);
    assert.deepEqual(all.split('\n'), ['s3://photos/2026/a.jpg', 's3://photos/2026/b/', '']);
  });

  test('JSON is as it was', async () => {
    golden('json/find.txt', shapesOf(await home.json(['find', 's3://photos', '--type', 'all'])));
  });
});

suite('stat', () => {
  test('objects, by name or by a pattern', async () => {
    const out = await home.ok(['stat', 's3://photos/top.txt', 's3://photos/2026/*.jpg']);
    for (const line of [
      /^s3:\/\/photos\/top\.txt$/m,
      /^ {2}type +object$/m,
      /^ {2}size +5 \(5 B\)$/m,
      /^ {2}changed +[\d-]{10} [\d:]{8}$/m,
      /^ {2}etag +[0-9a-f]{32}$/m,
      /^ {2}content type +image\/jpeg$/m,
      /^ {2}metadata by +me$/m,
      /^s3:\/\/photos\/2026\/a\.jpg$/m,
    ]) {
      assert.match(out, line);
    }
    assert.doesNotMatch(out, /undefined/);
  });

  test('buckets, folders and files', async () => {
    const records = await home.json([
      'stat',
      's3://photos',
      's3://photos/2026',
      's3://photos/2027/',
      'data',
      'empty',
      'data/deep/file',
      'zip:a.zip',
    ]);
    const known = records.map(({ type, place, size, versioning }) => [type, place, size ?? versioning]);
    assert.deepEqual(known, [
      ['bucket', 's3://photos', 'off'],
      ['folder', 's3://photos/2026', undefined],
      ['folder', 's3://photos/2027/', undefined],
      ['folder', 'data', undefined],
      ['folder', 'empty', undefined],
      ['object', 'data/deep/file', 5],
      ['folder', 'zip:a.zip', undefined],
    ]);
    const more = await home.json(['stat', 's3://photos/top.txt']);
    golden('json/stat.txt', shapesOf([...records.slice(0, 2), ...more]));
  });

  test('what is not there is said, and the others are shown', async () => {
    const { code, out, err } = await home.run([
      'stat',
      's3://photos/nothing',
      's3://nowhere',
      's3://photos/top.txt',
    ]);
    assert.equal(code, 3);
    assert.match(out, /^s3:\/\/photos\/top\.txt\n/);
    assert.match(err, /nothing at s3:\/\/photos\/nothing\n(?:.*\n)*.*bucket/);
  });
});
