/**
 * @module `cistern` where the world is against it: outputs that break, names and folders of others that would lead it astray, and
 * what could be deleted or told by mistake.
 */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { startTestServer } from '../support/server.ts';
import { cliHome, LAUNCHER } from './cli.ts';
import { needsTerminal, OnTerminal } from './on-terminal.ts';

const { s3 } = await startTestServer({ buckets: ['names', 'plain', 'target'] });
const home = cliHome(s3);
const path = (name: string): string => join(home.folder, name);

async function make(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(path(name)), { recursive: true });
    await writeFile(path(name), content);
  }
}

suite('what is printed cannot be', () => {
  test('on a disk that is full', { skip: existsSync('/dev/full') ? false : 'needs /dev/full' }, async () => {
    await make({ 'full/a': 'a', 'full/b': 'b' });
    const full = openSync('/dev/full', 'w');
    const run = async (args: readonly string[], isError: boolean): Promise<[number | null, string]> => {
      const stdio = ['ignore', isError ? 'ignore' : full, isError ? full : 'pipe'] as const;
      const child = spawn(process.execPath, [LAUNCHER, ...args], {
        cwd: home.folder,
        env: home.env,
        stdio: [...stdio],
      });
      let err = '';
      child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
      const [code] = (await once(child, 'close')) as [number | null];
      return [code, err];
    };
    const told = 'cistern: Not all could be printed: ENOSPC: no space left on device, write\n';
    assert.deepEqual(await run(['ls', 'full'], false), [1, told]);
    assert.deepEqual(await run(['cp', '-r', '--json', 'full', 's3://plain/full'], false), [1, told]);
    assert.equal(await home.ok(['ls', 's3://plain/full']), 'a\nb\n', 'all was done all the same');
    assert.deepEqual(await run(['rm', 's3://plain/nothing', 's3://plain/full/a'], true), [3, '']);
    assert.equal(await home.ok(['ls', 's3://plain/full']), 'b\n', 'what failed before was said to nobody');
  });
});

suite('a folder that is copied here', () => {
  test('does not take the place of a file', async () => {
    await s3.send('PUT', '/names/folder/in', { body: 'in' });
    await make({ file: 'precious' });
    for (const verb of ['cp', 'mv']) {
      const { code, err } = await home.run([verb, '-r', 's3://names/folder', 'file']);
      assert.equal(code, 2);
      assert.match(err, /file is a file, and no folder/);
    }
    const into = await home.run(['cp', 's3://names/folder/in', 'file/new']);
    assert.equal(into.code, 1);
    assert.match(into.err, /file is a file, and no folder/);
    assert.equal(await readFile(path('file'), 'utf8'), 'precious');
  });

  test('is the folder that the same command finds later, with names that only the top of a folder has', async () => {
    const long = `long/${'k'.repeat(240)}/`.repeat(4).slice(0, 1000);
    const keys = [
      '.Cistern/y',
      '../x',
      '/abs',
      'a',
      'a/b',
      'a//b',
      'c\u001b[2J',
      long + 'x'.repeat(1024 - long.length),
    ];
    for (const key of keys) {
      const name = key.split('/').map(encodeURIComponent).join('/').replaceAll('..', '%2E%2E');
      const { status } = await s3.send('PUT', `/names/top/${name}`, { body: key });
      if (key.length < 1000) assert.equal(status, 200, key);
    }
    await home.ok(['cp', '-r', 's3://names/top/', 'new']);
    assert.deepEqual(
      (await readdir(home.folder)).filter((name) => /^(?:x|abs)$/.test(name)),
      [],
    );
    await home.ok(['diff', 's3://names/top/', 'new']);
    const again = (await home.json(['cp', '-r', 's3://names/top/', 'new'])).at(-1);
    assert.equal(again?.['copied'], 0);
  });
});

suite('names from elsewhere on a terminal', { skip: needsTerminal }, () => {
  const NAME = 'pay\u001b]0;owned\u0007\u202efdp.exe';
  // oxlint-disable-next-line no-control-regex
  const steers = /\u001b\]0;owned|\u202e/;

  test('do not steer it, whichever command names them; a pipe has them as they are', async () => {
    await s3.send('PUT', `/plain/esc/${encodeURIComponent(NAME)}`, {
      body: 'x',
      headers: { 'content-type': 'text/plain' },
    });
    await make({ 'there/empty': '', [`taken/${NAME}`]: 'other' });
    const runs = [
      ['cp', '-rn', 's3://plain/esc', 'none'],
      ['cp', '-r', 's3://plain/esc', 'taken'],
      ['sync', '-n', 's3://plain/esc', 'there'],
      ['diff', 's3://plain/esc', 'there'],
      ['ls', '--json', 's3://plain/esc'],
      ['cat', `s3://plain/esc/${NAME}.not`],
    ];
    for (const args of runs) {
      const terminal = new OnTerminal(home, args);
      await terminal.ended;
      assert.match(terminal.raw, /fdp\.exe/, args.join(' '));
      assert.doesNotMatch(terminal.raw, steers, args.join(' '));
    }
    assert.ok((await home.run(['diff', 's3://plain/esc', 'there'])).out.includes(NAME));
    assert.equal(await home.ok(['find', '--print0', 's3://plain/esc']), `s3://plain/esc/${NAME}\0`);
  });
});

test('a small object of other bytes than its etag says is not taken for it', async () => {
  const etag = '"5d41402abc4b2a76b9719d911017c592"';
  let isKeyed = false;
  const server = createServer(({ method }, response) => {
    const encryption = isKeyed ? { 'x-amz-server-side-encryption': 'aws:kms' } : {};
    const headers = { etag, 'content-length': 5, 'last-modified': new Date(0).toUTCString(), ...encryption };
    response.writeHead(200, headers).end(method === 'HEAD' ? undefined : 'jello');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const args = [
      'cp',
      's3://any/k',
      'jello',
      '--endpoint',
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ];
    const { code, err } = await home.run(args);
    assert.equal(code, 1, err);
    assert.match(err, /has the MD5 [0-9a-f]{32}, and not 5d41402abc4b2a76b9719d911017c592/);
    assert.equal(existsSync(path('jello')), false);
    // With keys of a key service an etag is no MD5.
    isKeyed = true;
    await home.ok(args);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

suite('what would be deleted by mistake', () => {
  test('a link to what is moved is no copy of it', async () => {
    await make({ 'move/x': 'only one', 'moved/y': 'y' });
    await symlink('../move/x', path('moved/x'));
    for (const flag of ['--follow-links', '-q']) {
      const { code, err } = await home.run(['mv', '-r', flag, 'move', 'moved']);
      assert.equal(code, 1, err);
      assert.equal(await readFile(path('move/x'), 'utf8'), 'only one');
    }
  });

  test('a pattern that matches all of a bucket is all of it', async () => {
    await s3.send('PUT', '/target/a/b', { body: 'b' });
    for (const args of [
      ['-r', 's3://target/*'],
      ['s3://target/**'],
      ['-r', 's3://target/*/*'],
      ['-r', 's3://target'],
    ]) {
      const { code, err } = await home.run(['rm', ...args]);
      assert.equal(code, 2, err);
      assert.match(err, /Delete all .*Nobody can be asked[^\n]*\n {2}Add --yes/);
    }
    assert.equal((await s3.send('GET', '/target/a/b')).text, 'b');
    await home.ok(['rm', '-r', '--yes', 's3://target/*']);
    assert.equal((await s3.send('GET', '/target/a/b')).status, 404);
  });
});

suite(
  'names that are no text',
  { skip: process.platform === 'linux' ? false : 'needs names of any bytes' },
  () => {
    test('are no objects, and never left out without a failure', async () => {
      await make({ 'bytes/good': 'good' });
      const bad = Buffer.concat([Buffer.from(`${path('bytes')}/`), Buffer.from([0x62, 0xff])]);
      await mkdir(bad);
      await writeFile(Buffer.concat([bad, Buffer.from('/in')]), 'in');
      for (const [verb, code] of [
        ['cp', 1],
        ['sync', 1],
        ['diff', 1],
      ] as const) {
        const args = verb === 'cp' ? ['cp', '-r', '-q'] : [verb, '-q'];
        const ran = await home.run([...args, 'bytes', 's3://plain/bytes']);
        assert.equal(ran.code, code, `${verb}: ${ran.err}`);
        assert.match(ran.err, /bytes\/b\ufffd is left out: its name is no text that can be a key/);
      }
      assert.equal(await home.ok(['ls', 's3://plain/bytes']), 'good\n');
      // In the target it is in nobody's way.
      await home.ok(['sync', '--delete', 's3://plain/bytes', 'bytes']);
    });
  },
);

test('without a home all is done, and nothing is kept in the folder that one is in', async () => {
  await make({ 'homeless/large': new Uint8Array(6 * 1024 * 1024) });
  const options = { cwd: path('homeless'), env: { HOME: '' } };
  const { code, err } = await home.run(['cp', 'large', 's3://plain/large', '--part-size', '5MiB'], options);
  assert.equal(code, 0, err);
  assert.match(err, /^cistern: what is under way cannot be remembered/m);
  assert.equal((await home.run(['ls', 'nobody:'], options)).code, 2);
  assert.equal((await home.run(['remote', 'add', 'here', '.'], options)).code, 1);
  const { NODE_COMPILE_CACHE: _, HOME: __, ...env } = home.env;
  // A user of whom the system knows nothing but a number, where the test may become one.
  const id = process.getuid?.() === 0 ? { uid: 54_321, gid: 54_321 } : {};
  const child = spawn(process.execPath, [LAUNCHER, 'ls', 's3://plain/large', 'here:'], {
    cwd: '/',
    env,
    ...id,
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await once(child, 'close');
  assert.match(out, /^s3:\/\/plain\/large$/m);
  assert.match(out, /There is no remote here/);
  assert.equal(
    (await home.run(['ls'], { ...options, env: { HOME: '', NODE_COMPILE_CACHE: '' } })).out,
    'large\n',
  );
  assert.deepEqual(await readdir(path('homeless')), ['large']);
});

test('a pipe into which nobody writes does not keep a command that is stopped', async (context) => {
  if (process.platform === 'win32') return context.skip('needs named pipes');
  execFileSync('mkfifo', [path('pipe')]);
  const child = home.start(['put', '--live', 'pipe', 's3://plain/pipe']);
  const closed = once(child, 'close');
  let err = '';
  // The last thing before the pipe is opened.
  const announced = new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
      if (err.includes('To read it meanwhile')) resolve();
    });
  });
  await Promise.race([announced, closed]);
  child.kill('SIGINT');
  assert.deepEqual(await closed, [130, null], err);
});
