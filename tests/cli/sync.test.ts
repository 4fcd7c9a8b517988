/** @module `cistern sync`, between folders, our server and archives. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { startTestServer } from '../support/server.ts';
import { cliHome, golden, shapesOf } from './cli.ts';

const { s3 } = await startTestServer({ buckets: ['www', 'down', 'keep', 'empty', 'one', 'many'] });
const home = cliHome(s3);

function write(path: string, text: string): void {
  mkdirSync(dirname(join(home.folder, path)), { recursive: true });
  writeFileSync(join(home.folder, path), text);
}

function files(folder: string): string[] {
  return readdirSync(join(home.folder, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(home.folder.length + 1))
    .sort();
}

async function put(path: string, text: string): Promise<void> {
  assert.equal((await s3.send('PUT', path, { body: text })).status, 200);
}

suite('sync', () => {
  test('a folder to a bucket: what differs is copied, and what is too much deleted if so wished', async () => {
    write('site/index.html', '<p>hello');
    write('site/img/a.txt', 'picture');
    await put('/www/old.html', 'old');
    const before = await home.ok(['sync', '-n', '--delete', 'site', 's3://www']);
    assert.equal(
      before,
      [
        `copy ${join(home.folder, 'site/img/a.txt')} -> s3://www/img/a.txt`,
        `copy ${join(home.folder, 'site/index.html')} -> s3://www/index.html`,
        'delete s3://www/old.html',
        '',
      ].join('\n'),
    );
    const first = await home.run(['sync', 'site', 's3://www', '-v']);
    assert.deepEqual([first.code, first.out], [0, '']);
    assert.match(first.err, /^copy .*index\.html -> s3:\/\/www\/index\.html$/m);
    assert.match(first.err, /^2 copied, 15 B, in .*$/m);
    assert.match((await s3.send('HEAD', '/www/index.html')).headers['content-type'] ?? '', /^text\/html/);
    assert.equal((await s3.send('HEAD', '/www/old.html')).status, 200);

    write('site/index.html', '<p>hello again');
    const records = await home.json(['sync', 'site', 's3://www', '--delete', '-v']);
    assert.deepEqual(records.map(({ type, reason }) => `${String(type)} ${String(reason)}`).sort(), [
      'delete extra',
      'skip same',
      'summary undefined',
      'update size',
    ]);
    assert.equal((await s3.send('HEAD', '/www/old.html')).status, 404);
    const [summary, ...more] = await home.json(['mirror', 'site/', 's3://www/', '--delete']);
    assert.deepEqual(more, []);
    assert.equal(summary?.['skipped'], 2);
    golden('json/sync.txt', shapesOf(records));
  });

  test('a bucket’s folder to a folder, which is made; again there is nothing to do', async () => {
    await put('/down/photos/a', 'one');
    await put('/down/photos/b/c', 'three');
    await put('/down/photos2/x', 'not this');
    await home.ok(['sync', 's3://down/photos', 'new/photos', '-q']);
    assert.deepEqual(files('new'), ['new/photos/a', 'new/photos/b/c']);
    assert.equal(readFileSync(join(home.folder, 'new/photos/b/c'), 'utf8'), 'three');
    const [again] = await home.json(['sync', 's3://down/photos/', 'new/photos']);
    assert.deepEqual([again?.['copied'], again?.['skipped']], [0, 2]);
    // The same size, and not the same bytes.
    write('new/photos/a', 'two');
    utimesSync(join(home.folder, 'new/photos/a'), new Date('2040-01-01'), new Date('2040-01-01'));
    const [bySize] = await home.json(['sync', 's3://down/photos', 'new/photos', '--size-only']);
    assert.equal(bySize?.['updated'], 0);
    const [byContent] = await home.json(['sync', 's3://down/photos', 'new/photos', '--checksum', '-n']);
    assert.deepEqual([byContent?.['type'], byContent?.['reason']], ['update', 'bytes']);
    await home.ok(['sync', 'new/photos', 'zip:photos.zip', '-q']);
    assert.equal(await home.ok(['ls', '-r', 'zip:photos.zip']), 'a\nb/c\n');
  });

  test('nothing is deleted by surprise: a source that is empty or missing, unreadable, filtered', async () => {
    for (const key of ['a', 'b', 'c.txt']) await put(`/keep/${key}`, key);
    mkdirSync(join(home.folder, 'bare'));
    const empty = await home.run(['sync', 'bare', 's3://keep', '--delete']);
    assert.equal(empty.code, 1);
    assert.match(empty.err, /bare is empty: this would delete all 3 objects of s3:\/\/keep/);
    for (const source of ['nowhere', 's3://keep/none/', 'zip:none.zip', 's3://no-such-bucket']) {
      const { code, err } = await home.run(['sync', source, 's3://keep', '--delete', '--yes']);
      assert.equal(code, 3, `${source}: ${err}`);
    }
    const typo = await home.run(['sync', 's3://www', 's3://keep', '--delete', '--include', '*.txxt']);
    assert.equal(typo.code, 0, 'nothing of the target is meant either');
    assert.equal(await home.ok(['ls', 's3://keep']), 'a\nb\nc.txt\n');
    await home.ok(['sync', 'bare', 's3://keep', '--delete', '--yes', '--exclude', '*.txt', '-q']);
    assert.equal(await home.ok(['ls', 's3://keep']), 'c.txt\n');
  });

  test('mistakes are told before anything is done', async () => {
    write('tree/in/file', 'x');
    for (const [args, pattern] of [
      [['tree', 'tree/in'], /tree\/in is inside of tree/],
      [['tree/in', 'tree'], /inside/],
      [['tree', './tree/'], /are the same/],
      [['s3://www/a', 's3://www'], /nothing at s3:\/\/www\/a|inside/],
      [['tree', 'tree/in/file'], /is a folder, and .* is none/],
      [['tree/in/file', 's3://one', '--delete'], /--delete is for folders/],
      [['s3://wwwx', 'tree'], /^cistern: There is no bucket s3:\/\/wwwx /],
      [['tree', 's3://one', '--checksum', '--size-only'], /not by both/],
    ] as const) {
      const { code, err } = await home.run(['sync', ...args]);
      assert.ok(code === 2 || code === 3, `${args.join(' ')}: ${code} ${err}`);
      assert.match(err, pattern);
    }
    assert.equal(await home.ok(['ls', 's3://one']), '');
  });

  test('one object to a key, or into a folder', async () => {
    write('one.txt', 'first');
    const [copied] = await home.json(['sync', 'one.txt', 's3://one/other.txt']);
    assert.deepEqual([copied?.['type'], copied?.['target']], ['copy', 's3://one/other.txt']);
    await home.ok(['sync', 'one.txt', 's3://one/', '-q']);
    const [summary] = await home.json(['sync', 's3://one/other.txt', 'one.txt', '--checksum']);
    assert.equal(summary?.['skipped'], 1);
    assert.equal(await home.ok(['ls', 's3://one']), 'one.txt\nother.txt\n');
  });

  test('a failure does not stop the others, is told, and ends with a code; links are told and left out', async () => {
    write('some/a', 'a');
    write('some/b', 'b');
    symlinkSync('a', join(home.folder, 'some/link'));
    mkdirSync(join(home.folder, 'into/x'), { recursive: true });
    symlinkSync('x', join(home.folder, 'into/sub'));
    write('some/sub/c', 'c');
    const { code, err } = await home.run(['sync', 'some', 'into']);
    assert.equal(code, 1);
    assert.match(err, /some\/link is left out: it is a symbolic link/);
    assert.match(err, /1 failed:\n {2}\S*some\/sub\/c: .*symbolic link/);
    assert.deepEqual(files('into'), ['into/a', 'into/b']);
    rmSync(join(home.folder, 'into'), { recursive: true });
    await home.ok(['sync', 'some', 'into', '--follow-links', '-q']);
    assert.deepEqual(files('into'), ['into/a', 'into/b', 'into/link', 'into/sub/c']);
  });

  test('Ctrl-C stops it in order, and the same command does the rest', async () => {
    for (let i = 0; i < 600; i++) write(`many/${i % 10}/${i}`, `${i}`);
    const child = home.start(['sync', 'many', 's3://many', '-v', '--concurrency', '4']);
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (err === '') child.kill('SIGINT');
      err += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 130, err);
    assert.match(err, /^Stopped\. \d+ copied, .*; the same command goes on$/m);
    const copied = Number(/Stopped\. (\d+)/.exec(err)?.[1]);
    assert.ok(copied > 0 && copied < 600, `${copied}`);
    const [summary] = (await home.json(['sync', 'many', 's3://many'])).slice(-1);
    // What was under way when it was stopped is there or not: nobody could tell.
    const there = Number(summary?.['skipped']);
    assert.ok(there >= copied && there <= copied + 4, `${there} are there, and ${copied} were told`);
    assert.equal(summary?.['copied'], 600 - there);
  });

  test('--limit-rate keeps to a rate', async () => {
    for (const name of 'abcdefgh') write(`slow/${name}`, name.repeat(48 * 1024));
    const [summary] = (await home.json(['sync', '--limit-rate', '200KiB', 'slow', 's3://www/slow'])).slice(
      -1,
    );
    // 64 of the 384 KiB may come at once, and nobody waits for the last file's 48: the rest takes 1.36 s, less what timers are early.
    assert.ok(Number(summary?.['durationMs']) >= 1200, JSON.stringify(summary));
  });
});
