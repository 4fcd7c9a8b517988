/**
 * @module s3cmd against the server, in path style, with parts of the least size.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { startTestServer } from '../support/server.ts';
import { createSandbox, needsCommand } from './commands.ts';
import { readTree, writeTree } from './file-tree.ts';

suite('s3cmd', { skip: needsCommand('s3cmd', 'Debian package s3cmd') }, async () => {
  const { s3: server } = await startTestServer();
  const { home, run, attempt } = await createSandbox();
  const configuration = join(home, 's3cfg');
  await writeFile(
    configuration,
    `[default]
access_key = ${server.credentials.accessKeyId}
secret_key = ${server.credentials.secretAccessKey}
host_base = ${server.host}
host_bucket = ${server.host}
bucket_location = us-east-1
use_https = False
multipart_chunk_size_mb = 5
max_retries = 1
`,
  );
  const command = ['--config', configuration, '--no-progress'];
  const s3cmd = (...args: string[]) => run('s3cmd', ...command, ...args);
  const tree = join(home, 'tree');
  await writeTree(tree);
  const expected = await readTree(tree);

  test('a bucket is made, filled, listed, emptied and removed', async () => {
    await s3cmd('mb', 's3://s3cmd-life');
    assert.match(await s3cmd('ls'), /s3:\/\/s3cmd-life\n/);
    await s3cmd('put', join(tree, 'a/b/large.bin'), 's3://s3cmd-life/large ü+.bin');
    await s3cmd('put', join(tree, 'empty'), 's3://s3cmd-life/folder/empty');
    assert.match(await s3cmd('ls', 's3://s3cmd-life/'), /DIR\s+s3:\/\/s3cmd-life\/folder\//);
    await s3cmd('get', 's3://s3cmd-life/large ü+.bin', join(home, 'large.bin'));
    assert.ok((await readFile(join(tree, 'a/b/large.bin'))).equals(await readFile(join(home, 'large.bin'))));
    await s3cmd('cp', 's3://s3cmd-life/large ü+.bin', 's3://s3cmd-life/copy.bin');
    await s3cmd('mv', 's3://s3cmd-life/copy.bin', 's3://s3cmd-life/moved.bin');
    await s3cmd('get', 's3://s3cmd-life/moved.bin', join(home, 'moved.bin'));
    assert.ok((await readFile(join(home, 'large.bin'))).equals(await readFile(join(home, 'moved.bin'))));
    assert.doesNotMatch(await s3cmd('ls', 's3://s3cmd-life/'), /copy\.bin/);
    assert.match(await s3cmd('du', 's3://s3cmd-life/'), / 3 objects /);

    const refused = await attempt('s3cmd', ...command, 'rb', 's3://s3cmd-life');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /BucketNotEmpty/);
    await s3cmd('del', 's3://s3cmd-life/moved.bin');
    await s3cmd('del', '--recursive', '--force', 's3://s3cmd-life/');
    await s3cmd('rb', 's3://s3cmd-life');
    assert.doesNotMatch(await s3cmd('ls'), /s3cmd-life/);
  });

  test('a large file goes up and down in parts', async () => {
    await s3cmd('mb', 's3://s3cmd-large');
    const body = randomBytes(12 * (1 << 20) + 3);
    await writeFile(join(home, 'up.bin'), body);
    await s3cmd('put', join(home, 'up.bin'), 's3://s3cmd-large/k');
    await s3cmd('get', 's3://s3cmd-large/k', join(home, 'down.bin'));
    assert.ok(body.equals(await readFile(join(home, 'down.bin'))));
    assert.match(await s3cmd('info', 's3://s3cmd-large/k'), /File size:\s+12582915/);
    assert.equal(
      (await s3cmd('multipart', 's3://s3cmd-large')).trim().split('\n').length,
      2,
      'only the head',
    );
    await s3cmd('rb', '--recursive', '--force', 's3://s3cmd-large');
  });

  test('sync goes up and down, and carries only what has changed', async () => {
    await s3cmd('mb', 's3://s3cmd-sync');
    await s3cmd('sync', `${tree}/`, 's3://s3cmd-sync/t/');
    assert.doesNotMatch(await s3cmd('sync', `${tree}/`, 's3://s3cmd-sync/t/'), /upload: /);
    await s3cmd('sync', 's3://s3cmd-sync/t/', `${join(home, 'down')}/`);
    assert.deepEqual(await readTree(join(home, 'down')), expected);

    await writeFile(join(tree, 'empty'), 'no more');
    await rm(join(tree, 'one byte.txt'));
    await s3cmd('sync', '--delete-removed', `${tree}/`, 's3://s3cmd-sync/t/');
    await s3cmd('sync', '--delete-removed', 's3://s3cmd-sync/t/', `${join(home, 'down')}/`);
    assert.deepEqual(await readTree(join(home, 'down')), await readTree(tree));
    await s3cmd('rb', '--recursive', '--force', 's3://s3cmd-sync');
  });
});
