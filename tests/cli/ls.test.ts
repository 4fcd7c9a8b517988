/** @module `cistern ls`, against our server and on folders. */

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { startTestServer } from '../support/server.ts';
import { cliHome, golden, shapesOf } from './cli.ts';

const { s3 } = await startTestServer({ buckets: ['photos', 'empty'] });
const home = cliHome(s3);

suite('ls', () => {
  before(async () => {
    for (const key of ['2026/a.jpg', '2026/b/c.jpg', 'top.txt']) {
      assert.equal((await s3.send('PUT', `/photos/${key}`, { body: 'five!' })).status, 200);
    }
    await mkdir(join(home.folder, 'data', 'deep'), { recursive: true });
    await writeFile(join(home.folder, 'data', 'deep', 'file'), '12345');
  });

  test('buckets', async () => {
    assert.equal(await home.ok(['ls', 's3://']), 'empty/\nphotos/\n');
  });

  test('one level, or all of it', async () => {
    assert.equal(await home.ok(['ls', 's3://photos']), '2026/\ntop.txt\n');
    assert.equal(await home.ok(['ls', '-r', 's3://photos']), '2026/a.jpg\n2026/b/c.jpg\ntop.txt\n');
    assert.equal(await home.ok(['ls', 's3://empty']), '');
  });

  test('a folder of this machine', async () => {
    assert.equal(await home.ok(['ls', '-r', 'data']), 'deep/file\n');
  });

  test('what is not there is said, with an exit code of its own', async () => {
    const { code, err } = await home.run(['ls', 's3://photos/nothing/']);
    assert.equal(code, 3);
    assert.match(err, /nothing at s3:\/\/photos\/nothing\//);
  });

  test('help and JSON are as they were', async () => {
    golden('help/ls.txt', await home.ok(['ls', '--help']));
    const records = [...(await home.json(['ls', 's3://'])), ...(await home.json(['ls', 's3://photos']))];
    golden('json/ls.txt', shapesOf(records));
  });
});
