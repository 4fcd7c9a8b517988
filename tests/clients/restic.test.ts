/**
 * @module restic against the server: a repository in a bucket, from the first backup to a restore and a prune.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { startTestServer } from '../support/server.ts';
import { createSandbox, needsCommand } from './commands.ts';
import { readTree, writeTree } from './file-tree.ts';

suite('restic', { skip: needsCommand('restic', 'Debian package restic') }, async () => {
  const { s3: server } = await startTestServer();
  const { home, run, attempt } = await createSandbox({
    RESTIC_REPOSITORY: `s3:${server.endpoint}/restic-bucket/deep/er`,
    RESTIC_PASSWORD: 'a password of the test',
    AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
  });
  const restic = (...args: string[]) => run('restic', '--quiet', '--no-cache', ...args);
  const tree = join(home, 'tree');
  await writeTree(tree);
  // More than one of its packs.
  await writeFile(join(tree, 'much.bin'), randomBytes(20 << 20));

  test('init, backup, check, restore, forget and prune', async () => {
    const before = await attempt('restic', '--no-cache', 'snapshots');
    assert.notEqual(before.code, 0, 'there is no repository yet');
    await restic('init');
    const first = await readTree(tree);
    await restic('backup', tree);
    await rm(join(tree, 'a/small.bin'));
    await writeFile(join(tree, 'new.bin'), randomBytes(1 << 20));
    await restic('backup', tree);
    const snapshots = JSON.parse(await restic('snapshots', '--json')) as { id: string }[];
    assert.equal(snapshots.length, 2);
    await restic('check', '--read-data');

    const [oldest] = snapshots;
    await restic('restore', oldest?.id ?? '', '--target', join(home, 'old'));
    assert.deepEqual(await readTree(join(home, 'old', tree)), first);
    await restic('forget', '--keep-last', '1', '--prune');
    await restic('check', '--read-data');
    await restic('restore', 'latest', '--target', join(home, 'latest'));
    assert.deepEqual(await readTree(join(home, 'latest', tree)), await readTree(tree));
    const list = await restic('list', 'locks');
    assert.equal(list, '', 'locks were removed');
  });
});
