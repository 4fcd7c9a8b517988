/**
 * @module The aws command line against the server: the high-level `s3` commands and `s3api`, plain and over TLS.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { request } from 'undici';

import { needsOwnServer, startTestServer } from '../support/server.ts';
import type { S3 } from '../support/s3.ts';
import { makeCertificate } from './certificate.ts';
import { createSandbox, needsCommand } from './commands.ts';
import { readTree, writeTree } from './file-tree.ts';

const missing = needsCommand('aws', 'Debian package awscli');

/** For `skip`: why tests of newer options cannot run, or false. */
function needsNewOptions(): string | false {
  const output = execFileSync('aws', ['--version'], { encoding: 'utf8' });
  const [, major = '0', minor = '0'] = /aws-cli\/(\d+)\.(\d+)/.exec(output) ?? [];
  const isNew = major === '1' ? Number(minor) >= 36 : Number(major) > 2 || Number(minor) >= 23;
  return isNew
    ? false
    : `aws CLI ${major}.${minor} lacks --if-none-match and s3 cp --checksum-algorithm: 1.36 or 2.23 has them`;
}

const CONFIGURATION = `[default]
region = us-east-1
s3 =
  addressing_style = path
  signature_version = s3v4
`;

async function createCli({ endpoint, credentials }: S3, authority?: string) {
  const sandbox = await createSandbox({
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_MAX_ATTEMPTS: '1',
  });
  const { home, run, attempt } = sandbox;
  const config = join(home, 'aws-config');
  await writeFile(config, CONFIGURATION);
  const ca = join(home, 'authority.pem');
  if (authority !== undefined) await writeFile(ca, authority);
  const settings = [`AWS_CONFIG_FILE=${config}`, ...(authority === undefined ? [] : [`AWS_CA_BUNDLE=${ca}`])];
  const command = [...settings, 'aws', '--endpoint-url', endpoint];
  return {
    home,
    aws: (...args: string[]) => run('env', ...command, ...args),
    attempt: (...args: string[]) => attempt('env', ...command, ...args),
  };
}

suite('plain HTTP', { skip: missing }, async () => {
  const { s3: server } = await startTestServer();
  const { home, aws, attempt } = await createCli(server);
  const tree = join(home, 'tree');
  await writeTree(tree);
  const expected = await readTree(tree);

  test('a snapshot is listed, copied from, synchronized, and not written to', async () => {
    const bucket = await server.freshBucket('cli');
    await server.put(bucket, '2026/one.txt', 'one');
    const made = await server.bucket('PUT', bucket, { query: { 'cistern-snapshot': 'daily' } });
    assert.equal(made.status, 200);
    await server.object('DELETE', bucket, '2026/one.txt');
    const snapshot = `s3://${bucket}--daily--snap`;
    assert.match(await aws('s3', 'ls', '--recursive', snapshot), / 3 2026\/one\.txt\n/);
    await aws('s3', 'cp', `${snapshot}/2026/one.txt`, `s3://${bucket}/back`);
    assert.equal((await server.object('GET', bucket, 'back')).text, 'one');
    const restored = join(home, 'restored');
    await aws('s3', 'sync', '--no-progress', snapshot, restored);
    assert.equal(await readFile(join(restored, '2026', 'one.txt'), 'utf8'), 'one');
    const refused = await attempt('s3', 'cp', join(restored, '2026', 'one.txt'), `${snapshot}/new`);
    assert.match(refused.stderr, /MethodNotAllowed.*is a snapshot: it is read-only/s);
  });

  test('a bucket is made, filled, listed, emptied and removed', async () => {
    await aws('s3', 'mb', 's3://cli-life');
    assert.match(await aws('s3', 'ls'), / cli-life\n/);
    await aws('s3', 'cp', '--recursive', '--no-progress', tree, 's3://cli-life/in/');
    const listing = await aws('s3', 'ls', '--recursive', 's3://cli-life/');
    for (const name of Object.keys(expected))
      assert.ok(listing.includes(` in/${name}\n`), `${name} is not listed`);
    assert.match(await aws('s3', 'ls', 's3://cli-life/in/'), /PRE a\//);
    await aws('s3', 'cp', '--recursive', '--no-progress', 's3://cli-life/in/', join(home, 'down'));
    assert.deepEqual(await readTree(join(home, 'down')), expected);

    const refused = await attempt('s3', 'rb', 's3://cli-life');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /BucketNotEmpty/);
    await aws('s3', 'rm', '--recursive', 's3://cli-life/in/a/');
    assert.doesNotMatch(await aws('s3', 'ls', '--recursive', 's3://cli-life/'), / in\/a\//);
    await aws('s3', 'rb', '--force', 's3://cli-life');
    assert.doesNotMatch(await aws('s3', 'ls'), / cli-life\n/);
  });

  test('sync carries what has changed, and nothing else', async () => {
    await aws('s3', 'mb', 's3://cli-sync');
    await aws('s3', 'sync', '--no-progress', tree, 's3://cli-sync/t');
    assert.equal(await aws('s3', 'sync', '--no-progress', tree, 's3://cli-sync/t'), '');

    const changed = join(home, 'changed');
    await aws('s3', 'sync', '--no-progress', 's3://cli-sync/t', changed);
    assert.deepEqual(await readTree(changed), expected);
    await writeFile(join(changed, 'new.txt'), 'new');
    await rm(join(changed, 'a/small.bin'));
    const log = await aws('s3', 'sync', '--no-progress', '--delete', changed, 's3://cli-sync/t');
    const actions = log
      .trim()
      .split('\n')
      .map((line) => line.split(':')[0] ?? '');
    assert.deepEqual(actions.toSorted(), ['delete', 'upload']);
    const back = join(home, 'back');
    await aws('s3', 'sync', '--no-progress', 's3://cli-sync/t', back);
    assert.deepEqual(await readTree(back), await readTree(changed));
  });

  test('cp and mv from bucket to bucket, with what belongs to the object', async () => {
    await aws('s3', 'mb', 's3://cli-copy');
    const large = join(tree, 'a/b/large.bin');
    await aws(
      's3',
      'cp',
      '--no-progress',
      large,
      's3://cli-copy/large.bin',
      '--metadata',
      'k=v',
      '--content-type',
      'x/y',
    );
    await aws('s3', 'cp', '--no-progress', 's3://cli-copy/large.bin', 's3://cli-copy/copy + 1.bin');
    await aws('s3', 'mv', '--no-progress', 's3://cli-copy/copy + 1.bin', 's3://cli-copy/moved/ü.bin');
    await aws('s3', 'cp', '--no-progress', 's3://cli-copy/moved/ü.bin', join(home, 'moved.bin'));
    assert.ok((await readFile(large)).equals(await readFile(join(home, 'moved.bin'))));
    const head = JSON.parse(
      await aws('s3api', 'head-object', '--bucket', 'cli-copy', '--key', 'moved/ü.bin'),
    ) as {
      ContentType: string;
      Metadata: Record<string, string>;
    };
    assert.deepEqual([head.ContentType, head.Metadata], ['x/y', { k: 'v' }]);
    const gone = await attempt('s3', 'ls', 's3://cli-copy/copy + 1.bin');
    assert.deepEqual([gone.code, gone.stdout], [1, '']);
  });

  test('a large file goes up, from bucket to bucket, and down in parts', async () => {
    await aws('s3', 'mb', 's3://cli-large');
    const body = randomBytes(20 * (1 << 20) + 3);
    const file = join(home, 'large.bin');
    await writeFile(file, body);
    await aws('s3', 'cp', '--no-progress', '--content-type', 'x/y', file, 's3://cli-large/large.bin');
    await aws('s3', 'cp', '--no-progress', 's3://cli-large/large.bin', 's3://cli-large/copy.bin');
    await aws('s3', 'cp', '--no-progress', 's3://cli-large/copy.bin', join(home, 'large.down'));
    assert.ok(body.equals(await readFile(join(home, 'large.down'))));
    // Old releases do not take the content type along.
    for (const [key, type] of [
      ['large.bin', /^x\/y$/],
      ['copy.bin', /./],
    ] as const) {
      const head = JSON.parse(await aws('s3api', 'head-object', '--bucket', 'cli-large', '--key', key)) as {
        ETag: string;
        ContentType: string;
      };
      assert.match(head.ETag, /-3"$/, 'three parts of 8 MiB');
      assert.match(head.ContentType, type);
    }
    const open = await aws('s3api', 'list-multipart-uploads', '--bucket', 'cli-large');
    assert.ok(!open.includes('UploadId"'), open);
    await aws('s3', 'rb', '--force', 's3://cli-large');
  });

  test('s3api: conditions, ranges, checksums and pages', { skip: needsNewOptions() }, async () => {
    const bucket = ['--bucket', 'cli-api'];
    await aws('s3api', 'create-bucket', ...bucket);
    await aws('s3api', 'head-bucket', ...bucket);
    const location = JSON.parse(await aws('s3api', 'get-bucket-location', ...bucket)) as {
      LocationConstraint: unknown;
    };
    assert.equal(location.LocationConstraint, null);
    const body = randomBytes(70_000);
    const file = join(home, 'body.bin');
    await writeFile(file, body);
    const put = JSON.parse(
      await aws(
        's3api',
        'put-object',
        ...bucket,
        '--key',
        'k',
        '--body',
        file,
        '--checksum-algorithm',
        'SHA256',
        '--if-none-match',
        '*',
      ),
    ) as { ETag: string; ChecksumSHA256: string };
    assert.equal(put.ChecksumSHA256, createHash('sha256').update(body).digest('base64'));
    const again = await attempt(
      's3api',
      'put-object',
      ...bucket,
      '--key',
      'k',
      '--body',
      file,
      '--if-none-match',
      '*',
    );
    assert.match(again.stderr, /PreconditionFailed/);

    const part = join(home, 'part.bin');
    await aws('s3api', 'get-object', ...bucket, '--key', 'k', '--range', 'bytes=-100', part);
    assert.ok(body.subarray(-100).equals(await readFile(part)));
    const absent = await attempt('s3api', 'get-object', ...bucket, '--key', 'absent', part);
    assert.match(absent.stderr, /NoSuchKey/);

    for (const key of ['p1', 'p2', 'p3'])
      await aws('s3api', 'copy-object', ...bucket, '--key', key, '--copy-source', 'cli-api/k');
    const keys = await aws(
      's3api',
      'list-objects-v2',
      ...bucket,
      '--page-size',
      '2',
      '--query',
      'Contents[].Key',
      '--output',
      'text',
    );
    assert.deepEqual(keys.trim().split(/\s+/), ['k', 'p1', 'p2', 'p3']);
    const Delete = JSON.stringify({ Objects: [{ Key: 'p1' }, { Key: 'p2' }, { Key: 'none' }] });
    const deleted = JSON.parse(await aws('s3api', 'delete-objects', ...bucket, '--delete', Delete)) as {
      Deleted: unknown[];
    };
    assert.equal(deleted.Deleted.length, 3);
  });

  test('a presigned URL is good for one object', async () => {
    await aws('s3', 'mb', 's3://cli-presign');
    await aws('s3', 'cp', '--no-progress', join(tree, 'a/small.bin'), 's3://cli-presign/a b+ü.bin');
    const url = (await aws('s3', 'presign', 's3://cli-presign/a b+ü.bin', '--expires-in', '60')).trim();
    const response = await request(url);
    assert.equal(response.statusCode, 200);
    assert.ok(
      (await readFile(join(tree, 'a/small.bin'))).equals(Buffer.from(await response.body.arrayBuffer())),
    );
    const bent = await request(url.replace('.bin?', '.txt?'));
    assert.equal(bent.statusCode, 403);
    await bent.body.dump();
  });
});

suite('TLS', { skip: missing || needsOwnServer }, async () => {
  const { cert, key } = makeCertificate();
  const { s3: server } = await startTestServer({ tls: { cert, key } });
  const { home, aws } = await createCli(server, cert);

  test('checksums in trailers are accepted', { skip: needsNewOptions() }, async () => {
    await aws('s3', 'mb', 's3://cli-tls');
    await mkdir(join(home, 'up'));
    for (const [name, size] of Object.entries({ empty: 0, small: 2_000, large: 2 * (1 << 20) + 9 })) {
      await writeFile(join(home, 'up', name), randomBytes(size));
    }
    for (const algorithm of ['CRC32', 'SHA256']) {
      const target = `s3://cli-tls/${algorithm}/`;
      const options = ['--recursive', '--no-progress', '--checksum-algorithm', algorithm];
      await aws('s3', 'cp', ...options, join(home, 'up'), target);
      await aws(
        's3',
        'cp',
        '--recursive',
        '--no-progress',
        '--checksum-mode',
        'ENABLED',
        target,
        join(home, algorithm),
      );
      assert.deepEqual(await readTree(join(home, algorithm)), await readTree(join(home, 'up')));
    }
  });
});
