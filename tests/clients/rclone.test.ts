/**
 * @module rclone against the server, set up as any other S3 service, but for a lower cutoff for multipart uploads.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { request } from 'undici';

import { startTestServer } from '../support/server.ts';
import { createSandbox, needsCommand } from './commands.ts';
import { readTree, writeTree } from './file-tree.ts';

suite('rclone', { skip: needsCommand('rclone', 'Debian package rclone') }, async () => {
  const { s3: server } = await startTestServer();
  const { home, run, attempt } = await createSandbox({
    RCLONE_CONFIG_C_TYPE: 's3',
    RCLONE_CONFIG_C_PROVIDER: 'Other',
    RCLONE_CONFIG_C_ENDPOINT: server.endpoint,
    RCLONE_CONFIG_C_REGION: 'us-east-1',
    RCLONE_CONFIG_C_ACCESS_KEY_ID: server.credentials.accessKeyId,
    RCLONE_CONFIG_C_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
    RCLONE_CONFIG_C_UPLOAD_CUTOFF: '5M',
    RCLONE_CONFIG_C_CHUNK_SIZE: '5M',
    RCLONE_CONFIG_C_COPY_CUTOFF: '5M',
    RCLONE_RETRIES: '1',
    RCLONE_LOW_LEVEL_RETRIES: '1',
  });
  await writeFile(join(home, 'rclone.conf'), '');
  const rclone = (...args: string[]) => run('rclone', '--config', join(home, 'rclone.conf'), ...args);
  const tree = join(home, 'tree');
  const names = await writeTree(tree);

  test('copy, check, list, sync and purge', async () => {
    await rclone('mkdir', 'c:rclone-life');
    assert.match(await rclone('lsd', 'c:'), / rclone-life\n/);
    await rclone('copy', tree, 'c:rclone-life/t');
    // By MD5, against the ETags.
    await rclone('check', tree, 'c:rclone-life/t');
    // By downloading both.
    await rclone('check', '--download', tree, 'c:rclone-life/t');
    const files = (await rclone('lsf', '--recursive', '--files-only', 'c:rclone-life/t'))
      .trimEnd()
      .split('\n');
    assert.deepEqual(files.sort(), names);
    assert.deepEqual((await rclone('lsf', '--dirs-only', 'c:rclone-life/t')).trimEnd().split('\n').sort(), [
      'a/',
      'größe/',
    ]);
    const size = JSON.parse(await rclone('size', '--json', 'c:rclone-life/t')) as { count: number };
    assert.equal(size.count, names.length);

    await rclone('copy', 'c:rclone-life/t', join(home, 'down'));
    assert.deepEqual(await readTree(join(home, 'down')), await readTree(tree));

    await appendFile(join(home, 'down/a/small.bin'), 'more');
    await rm(join(home, 'down/empty'));
    const differs = await attempt(
      'rclone',
      '--config',
      join(home, 'rclone.conf'),
      'check',
      join(home, 'down'),
      'c:rclone-life/t',
    );
    assert.notEqual(differs.code, 0);
    await rclone('sync', join(home, 'down'), 'c:rclone-life/t');
    await rclone('check', '--download', join(home, 'down'), 'c:rclone-life/t');
    assert.doesNotMatch(await rclone('lsf', 'c:rclone-life/t'), /^empty$/m);

    await rclone('purge', 'c:rclone-life');
    assert.doesNotMatch(await rclone('lsd', 'c:'), / rclone-life\n/);
  });

  test('large files go up, from bucket to bucket, and down in parts', async () => {
    const large = join(home, 'large');
    await mkdir(large);
    await writeFile(join(large, 'large.bin'), randomBytes(12 * (1 << 20) + 3));
    await rclone('mkdir', 'c:rclone-large');
    await rclone('copy', large, 'c:rclone-large/up');
    await rclone('check', large, 'c:rclone-large/up');
    await rclone('copy', 'c:rclone-large/up', 'c:rclone-large/copy');
    await rclone('check', '--download', large, 'c:rclone-large/copy');
    await rclone('copy', 'c:rclone-large/copy', join(home, 'large-down'));
    assert.deepEqual(await readTree(join(home, 'large-down')), await readTree(large));
    // An upload that nobody finished.
    assert.deepEqual(JSON.parse(await rclone('backend', 'list-multipart-uploads', 'c:rclone-large')), {
      'rclone-large': [],
    });
    await rclone('purge', 'c:rclone-large');
  });

  test('modification times are kept, and set by a copy onto itself', async () => {
    await rclone('mkdir', 'c:rclone-times');
    await rclone('copyto', '--metadata', join(tree, 'a/small.bin'), 'c:rclone-times/x y.bin');
    await rclone('touch', '--timestamp', '2020-02-03T04:05:06', 'c:rclone-times/x y.bin');
    assert.match(await rclone('lsl', 'c:rclone-times'), /2020-02-03 04:05:06/);
    assert.equal(await rclone('cat', '--count', '0', 'c:rclone-times/x y.bin'), '');
  });

  test('objects are moved on the server', async () => {
    await rclone('mkdir', 'c:rclone-from');
    await rclone('mkdir', 'c:rclone-to');
    await rclone('copy', tree, 'c:rclone-from');
    await rclone('move', 'c:rclone-from', 'c:rclone-to/deep/er');
    await rclone('check', '--download', tree, 'c:rclone-to/deep/er');
    assert.equal(await rclone('lsf', '--recursive', '--files-only', 'c:rclone-from'), '');
    await rclone('rmdir', 'c:rclone-from');
    await rclone('delete', 'c:rclone-to');
    await rclone('rmdir', 'c:rclone-to');
  });

  test('a link is a presigned URL', async () => {
    await rclone('mkdir', 'c:rclone-link');
    await rclone('copyto', join(tree, 'a/small.bin'), 'c:rclone-link/ü +&.bin');
    const url = (await rclone('link', '--expire', '1m', 'c:rclone-link/ü +&.bin')).trim();
    const response = await request(url);
    assert.equal(response.statusCode, 200);
    assert.ok(
      (await readFile(join(tree, 'a/small.bin'))).equals(Buffer.from(await response.body.arrayBuffer())),
    );
  });
});
