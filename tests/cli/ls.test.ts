/** @module `cistern ls`, against our server, and on folders and archives. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { zip } from '@cistern/store/zip';
import { startTestServer } from '../support/server.ts';
import { cliHome, golden, shapesOf } from './cli.ts';

const { s3 } = await startTestServer({ buckets: ['photos', 'empty', 'kept'] });
const home = cliHome(s3);
const FIVE = 'five!';

async function put(path: string): Promise<void> {
  assert.equal((await s3.send('PUT', path, { body: FIVE })).status, 200);
}

suite('ls', () => {
  before(async () => {
    for (const key of ['2026/a.jpg', '2026/b/c.jpg', '2026', 'a%20%5B1%5D.txt', 'top.txt']) {
      await put(`/photos/${key}`);
    }
    await mkdir(join(home.folder, 'data', 'deep'), { recursive: true });
    await writeFile(join(home.folder, 'data', 'deep', 'file'), '12345');
    await writeFile(join(home.folder, 'data', 'b.txt'), '');
    await using archive = await zip(join(home.folder, 'a.zip'));
    await archive.put('in/side.txt', FIVE);
  });

  test('buckets', async () => {
    assert.equal(await home.ok(['ls', 's3://']), 'empty/\nkept/\nphotos/\n');
    assert.match(await home.ok(['ls', '-l', 's3://']), /^[\d-]{10} [\d:]{8} {2}empty\/\n/);
  });

  test('one level, or all of it, by names that are relative to the place', async () => {
    assert.equal(await home.ok(['ls', 's3://photos']), '2026\n2026/\na [1].txt\ntop.txt\n');
    assert.equal(await home.ok(['ls', 's3://photos/2026']), 'a.jpg\nb/\n');
    assert.equal(await home.ok(['ls', '-r', 's3://photos/2026/']), 'a.jpg\nb/c.jpg\n');
    assert.equal(await home.ok(['ls', 's3://photos/top.txt']), 'top.txt\n');
    assert.equal(await home.ok(['ls', 's3://empty']), '');
    assert.equal(await home.ok(['ls', '-r', 'zip:a.zip']), 'in/side.txt\n');
  });

  test('time, size and etag, in columns', async () => {
    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`;
    const etag = 'c1a5298f939e87e8f962a5edfc206918'.length;
    const long = await home.ok(['ls', '-l', 's3://photos']);
    const object = new RegExp(`^${time} {13}5 {2}[0-9a-f]{${etag}} {5}2026$`, 'm');
    assert.match(long, object);
    assert.match(long, /^ {72}2026\/$/m);
    assert.match(await home.ok(['ls', '-lrH', 's3://photos/2026']), /^[\d-]{10} [\d:]{8} {7}5 B /);
  });

  test('patterns and filters; of several places the names are such as can be used again', async () => {
    assert.equal(await home.ok(['ls', 's3://photos/*/*.jpg']), '2026/a.jpg\n');
    assert.equal(await home.ok(['ls', 's3://photos/a [1].txt', '--literal']), 'a [1].txt\n');
    const some = ['ls', '-r', 's3://photos', '--include', '*.jpg', '--exclude', 'b', '--smaller-than', '1K'];
    assert.equal(await home.ok(some), '2026/a.jpg\n');
    const names = await home.ok(['ls', 's3://photos/[at]*', 'data/*', './data', 'a.zip']);
    const expected = ['s3://photos/a \\[1\\].txt', 's3://photos/top.txt'];
    expected.push('data/b.txt', 'data/deep/', './data/b.txt', './data/deep/', 'a.zip');
    assert.deepEqual(names.split('\n'), [...expected, '']);
    assert.equal(await home.ok(['ls', String.raw`s3://photos/a \[1\].txt`]), 'a [1].txt\n');
  });

  test('a folder of this machine, and the present one when none is named', async () => {
    assert.equal(await home.ok(['ls', '-r', 'data']), 'b.txt\ndeep/file\n');
    assert.equal(await home.ok(['ls'], { cwd: join(home.folder, 'data') }), 'b.txt\ndeep/\n');
  });

  test('what is not there is said, with an exit code of its own, and the others are listed', async () => {
    const { code, out, err } = await home.run([
      'ls',
      's3://photos/nothing',
      'nowhere/',
      's3://photos/top.txt',
    ]);
    assert.deepEqual([code, out], [3, 's3://photos/top.txt\n']);
    assert.match(err, /nothing at s3:\/\/photos\/nothing\n(?:.*\n)*.*nothing at nowhere\//);
    const pattern = await home.run(['ls', 's3://photos/x*']);
    assert.equal(pattern.code, 3);
    assert.match(pattern.err, /Nothing matches s3:\/\/photos\/x\*/);
    assert.equal((await home.run(['ls', 's3://photos', '--newer-than', 'soon'])).code, 2);
    assert.equal((await home.run(['ls', 'sqlite:typo.db', 'zip:typo.zip'])).code, 3);
    assert.deepEqual(
      readdirSync(home.folder).filter((name) => name.startsWith('typo')),
      [],
    );
  });

  test('versions and delete markers, one level of them, or what matches', async () => {
    const enabled = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
    assert.equal((await s3.send('PUT', '/kept', { query: { versioning: '' }, body: enabled })).status, 200);
    for (const key of ['x', 'x', 'x/a', 'x/b/c', 'y']) await put(`/kept/${key}`);
    assert.equal((await s3.send('DELETE', '/kept/x')).status, 204);
    const keys = async (...args: readonly string[]): Promise<unknown[]> => {
      const records = await home.json(['ls', '--versions', ...args]);
      return records.map(
        ({ prefix, key, isDeleteMarker }) => prefix ?? (isDeleteMarker === true ? `-${String(key)}` : key),
      );
    };
    assert.deepEqual(await keys('s3://kept'), ['-x', 'x', 'x', 'x/', 'y']);
    assert.deepEqual(await keys('s3://kept/x'), ['-x', 'x', 'x', 'x/a', 'x/b/']);
    assert.deepEqual(await keys('-r', 's3://kept/x/'), ['x/a', 'x/b/c']);
    assert.deepEqual(await keys('s3://kept/[xy]'), ['-x', 'x', 'x', 'y']);
    const [marker = '', version = ''] = (await home.ok(['ls', '--versions', 's3://kept/x'])).split('\n');
    assert.match(marker, /^[\d-]{10} [\d:]{8} {7}deleted {2}\S+ {2}x$/);
    assert.match(version, /^[\d-]{10} [\d:]{8} {13}5 {2}\S+ {2}x$/);
    assert.equal((await home.run(['ls', '--versions', 'data'])).code, 2);
  });

  test('JSON is as it was', async () => {
    const records = [
      ...(await home.json(['ls', 's3://'])),
      ...(await home.json(['ls', 's3://photos'])),
      ...(await home.json(['ls', '--versions', 's3://photos/top.txt'])),
    ];
    golden('json/ls.txt', shapesOf(records));
  });
});
