/** @module `cistern mv`: a source is deleted when its copy is sure, and at no other time. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { startCountingProxy } from '../support/counting-proxy.ts';
import { startTestServer } from '../support/server.ts';
import { cliHome, golden, shapesOf } from './cli.ts';

const { s3 } = await startTestServer({ buckets: ['from', 'into', 'same'] });
const home = cliHome(s3);
const path = (name: string): string => join(home.folder, name);

async function make(name: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path(name)), { recursive: true });
  await writeFile(path(name), content);
}

const list = async (place: string): Promise<string[]> =>
  (await home.ok(['ls', '-r', place])).split('\n').slice(0, -1);

suite('mv', () => {
  test('up, within the service without the bytes passing here, and down', async () => {
    const large = randomBytes(6 * 1024 * 1024);
    await make('here/large', large);
    await make('here/a/b', 'b');
    await make('here/keep.txt', 'k');
    await home.ok(['mv', '-r', 'here', 's3://from/there', '--exclude', '*.txt']);
    assert.deepEqual(await readdir(path('here')), ['keep.txt'], 'folders that were emptied are gone');

    await using proxy = await startCountingProxy(s3.endpoint);
    const records = await home.json([
      'mv',
      '-r',
      's3://from/there/',
      's3://into/',
      '--endpoint',
      proxy.origin,
    ]);
    assert.ok(proxy.received < 100_000, `${proxy.received} bytes came here`);
    golden('json/mv.txt', shapesOf(records));
    assert.deepEqual(await list('s3://from'), []);
    assert.deepEqual(await list('s3://into'), ['a/b', 'large']);

    await home.ok(['mv', 's3://into/large', 'back']);
    assert.ok(large.equals(await readFile(path('back'))));
    assert.deepEqual(await list('s3://into'), ['a/b']);
  });

  test('one that cannot be copied stays; what is there is compared by its bytes, not by its time', async () => {
    await make('stay/same', 'same bytes');
    await make('stay/other', 'some bytes');
    await make('stay/new', 'new');
    const { ino } = await stat(path('stay/new'));
    await make('taken/same', 'same bytes');
    await make('taken/other', 'come bytes');
    // As old as it gets: times and sizes alone would say that all is there.
    for (const name of ['same', 'other']) await utimes(path(`stay/${name}`), 1, 1);
    const { code, err } = await home.run(['mv', '-r', 'stay', 'taken']);
    assert.equal(code, 1);
    assert.match(err, /^Moved 2 objects, .*; 1 failed:\n.*taken\/other is there and differs/m);
    assert.deepEqual(await readdir(path('stay')), ['other']);
    assert.equal(await readFile(path('taken/other'), 'utf8'), 'come bytes');
    assert.equal((await stat(path('taken/new'))).ino, ino, 'the same file, with another name');
    await home.ok(['mv', '-rf', 'stay', 'taken']);
    assert.deepEqual((await readdir(path('taken'))).sort(), ['new', 'other', 'same']);
    assert.equal(await readFile(path('taken/other'), 'utf8'), 'some bytes');
    assert.equal(existsSync(path('stay/other')), false);
  });

  test('what has two names is not deleted by either, and a dry run deletes nothing', async () => {
    await s3.send('PUT', '/same/k', { body: 'only one' });
    await using proxy = await startCountingProxy(s3.endpoint);
    await home.ok(['remote', 'add', 'twin', 's3://same', '--endpoint', proxy.origin]);
    const { code, err } = await home.run(['mv', 'twin:k', 's3://same/k']);
    assert.equal(code, 1, err);
    assert.match(err, /seem to be one object/);
    await home.ok(['mv', '-n', 's3://same/k', 'gone']);
    assert.equal((await s3.send('GET', '/same/k')).text, 'only one');
  });
});
