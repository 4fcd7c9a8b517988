/** @module `cistern cp` between folders, our server and an archive: names, what is there already, attributes, and failures. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { startTestServer } from '../support/server.ts';
import { cliHome, golden, shapesOf } from './cli.ts';

const { s3 } = await startTestServer({ buckets: ['photos', 'copies', 'busy', 'types', 'versions'] });
const home = cliHome(s3);

async function make(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(home.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

const read = (name: string): Promise<string> => readFile(join(home.folder, name), 'utf8');

async function below(folder: string): Promise<string[]> {
  const entries = await readdir(join(home.folder, folder), { recursive: true, withFileTypes: true });
  const root = join(home.folder, folder).length + 1;
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root))
    .sort();
}

const list = async (place: string): Promise<string[]> =>
  (await home.ok(['ls', '-r', place])).split('\n').slice(0, -1);

async function fails(args: readonly string[], code: number, said: RegExp): Promise<void> {
  const ran = await home.run(args);
  assert.equal(ran.code, code, `cistern ${args.join(' ')}: ${ran.err}`);
  assert.match(ran.err, said);
}

suite('cp', () => {
  test('one object: its name, its type, and what is there already', async () => {
    await make({ 'one/a.txt': 'hello' });
    await home.ok(['cp', 'one/a.txt', 's3://photos/']);
    await home.ok(['cp', 'one/a.txt', 's3://photos/deep/b']);
    const head = await s3.send('HEAD', '/photos/a.txt');
    assert.equal(head.status, 200);
    assert.match(head.headers['content-type'] ?? '', /^text\/plain/);
    assert.equal((await s3.send('GET', '/photos/deep/b')).text, 'hello');

    const again = await home.run(['cp', 'one/a.txt', 's3://photos/']);
    assert.equal(again.code, 0);
    assert.match(again.err, /^Copied 0 objects.*; 1 skipped as the same$/m);

    await make({ 'one/a.txt': 'other' });
    // Of the same size, and older than what is there: only the content tells.
    const earlier = Date.now() / 1000 - 60;
    await utimes(join(home.folder, 'one/a.txt'), earlier, earlier);
    await fails(
      ['cp', 'one/a.txt', 's3://photos/'],
      1,
      /s3:\/\/photos\/a\.txt is there and differs\n.*--overwrite/,
    );
    assert.equal((await s3.send('GET', '/photos/a.txt')).text, 'hello');
    await home.ok(['cp', '-f', 'one/a.txt', 's3://photos/']);
    assert.equal((await s3.send('GET', '/photos/a.txt')).text, 'other');
  });

  test('what is in a folder, up and down again; a second run does nothing', async () => {
    const large = randomBytes(9 * 1024 * 1024);
    await make({ 'tree/a': 'a', 'tree/b/c': 'c', 'tree/b/é ü': '', 'tree/large': large, 'other/x': 'x' });
    await symlink('a', join(home.folder, 'tree', 'link'));
    await home.ok(['cp', '-r', 'other', 's3://copies/tree2']);
    const up = await home.run(['cp', '-r', 'tree', 's3://copies/tree']);
    assert.equal(up.code, 0, up.err);
    assert.match(up.err, /tree\/link is left out: it is a symbolic link/);
    assert.match(up.err, /^Copied 4 objects, 9 MiB, in /m);
    assert.equal(up.out, '');
    assert.deepEqual(await list('s3://copies/tree'), ['a', 'b/c', 'b/é ü', 'large']);

    await home.ok(['cp', '-r', 's3://copies/tree', 'down']);
    assert.deepEqual(
      await below('down'),
      ['a', 'b/c', 'b/é ü', 'large'],
      'and nothing of tree2, nor of ours',
    );
    assert.ok(large.equals(await readFile(join(home.folder, 'down/large'))));
    assert.equal(existsSync(join(home.folder, 'tree/.cistern')), false);

    for (const [from, to] of [
      ['tree', 's3://copies/tree'],
      ['s3://copies/tree/', 'down'],
      // Older than the objects that were made of it.
      ['s3://copies/tree', 'tree'],
    ] as const) {
      const [summary] = await home.json(['cp', '-rq', from, to]).then((records) => records.slice(-1));
      assert.deepEqual([summary?.['copied'], summary?.['skipped'], summary?.['isComplete']], [0, 4, true]);
    }
  });

  test('several sources keep their names below a folder; two for one name are refused before anything moves', async () => {
    await make({ 'many/x/f': '1', 'many/y/f': '2', 'many/z': '3' });
    await home.ok(['cp', '-r', 'many/x', 'many/y/', 'many/z', 's3://copies/many/']);
    assert.deepEqual(await list('s3://copies/many'), ['x/f', 'y/f', 'z']);
    await fails(['cp', 'many/x/f', 'many/y/f', 's3://copies/clash/'], 2, /would both become f/);
    await fails(['cp', 'many/x/*', 'many/y/f', 's3://copies/clash/'], 2, /would both become clash\/f/);
    await fails(['cp', 'many/z', 'many/x/f', 's3://copies/clash'], 2, /is no folder/);
    await fails(['ls', 's3://copies/clash/'], 3, /nothing/);
  });

  test('patterns, filters, and a dry run', async () => {
    await make({
      'logs/01/a.gz': '1',
      'logs/01/b.txt': '2',
      'logs/02/a.gz': '333',
      'logs/02/deep/c.gz': '4',
    });
    const planned = await home.ok(['cp', '-n', 'logs/*/*.gz', 's3://copies/logs/']);
    assert.deepEqual(planned.split('\n'), [
      `copy ${home.folder}/logs/01/a.gz -> s3://copies/logs/01/a.gz`,
      `copy ${home.folder}/logs/02/a.gz -> s3://copies/logs/02/a.gz`,
      '',
    ]);
    await fails(['ls', 's3://copies/logs/'], 3, /nothing/);
    const toFile = await home.ok(['cp', '-nr', 'logs/01', 'sqlite:not/yet.db/x']);
    assert.match(toFile, /a\.gz -> sqlite:not\/yet\.db\/x\/a\.gz$/m);
    assert.equal(existsSync(join(home.folder, 'not')), false);
    await home.ok(['cp', 'logs/*/*.gz', 's3://copies/logs/']);
    assert.deepEqual(await list('s3://copies/logs'), ['01/a.gz', '02/a.gz']);
    await home.ok(['cp', '-r', 'logs', 'zip:picked.zip', '--exclude', '*.txt', '--smaller-than', '2']);
    assert.deepEqual(await list('zip:picked.zip'), ['01/a.gz', '02/deep/c.gz']);
    await fails(['cp', 's3://copies/logs/*.nothing', '.'], 3, /Nothing matches/);
  });

  test('attributes are carried, and replaced one by one', async () => {
    await make({ 'page.html': '<p>' });
    const flags = ['--cache-control', 'no-cache', '--metadata', 'By=me', '--metadata', 'n=a=b'];
    await home.ok(['cp', 'page.html', 's3://types/a', ...flags]);
    await home.ok(['cp', 's3://types/a', 'zip:types.zip/a']);
    await home.ok(['cp', 'zip:types.zip/a', 's3://types/b', '--content-type', 'text/x-other']);
    const { headers } = await s3.send('HEAD', '/types/b');
    const names = ['content-type', 'cache-control', 'x-amz-meta-by', 'x-amz-meta-n'];
    assert.deepEqual(
      names.map((name) => headers[name]),
      ['text/x-other', 'no-cache', 'me', 'a=b'],
    );
    const { err, code } = await home.run(['cp', 's3://types/b', 'page.out', '--content-type', 'text/css']);
    assert.equal(code, 0);
    assert.match(err, /keep no content types/);
  });

  test('standard streams: bytes and nothing else', async () => {
    const bytes = randomBytes(200_000);
    await home.ok(['cp', '-', 's3://copies/piped.json'], { input: bytes });
    await fails(['cp', '-', 's3://copies/piped.json'], 1, /is there/);
    const piped = await s3.send('GET', '/copies/piped.json');
    assert.ok(bytes.equals(piped.body));
    assert.match(piped.headers['content-type'] ?? '', /^application\/json/);
    await s3.send('PUT', '/copies/text', { body: 'text\n' });
    const { out, err } = await home.run(['cp', 's3://copies/text', '-']);
    assert.deepEqual([out, err], ['text\n', '']);
    await fails(['cp', '-', 's3://copies/'], 2, /needs a name/);
    await fails(['cp', 's3://copies/text', 's3://copies/piped.json', '-'], 2, /bytes of one object/);
  });

  test('what cannot be copied is named, and stops nothing else', async () => {
    await make({ 'taken/b': 'of somebody else' });
    for (const key of ['a', 'b', 'd']) await s3.send('PUT', `/busy/${key}`, { body: key });
    const { code, err } = await home.run(['cp', '-r', 's3://busy', 'taken']);
    assert.equal(code, 1);
    assert.match(
      err,
      /^Copied 2 objects, 2 B, in .*; 1 failed:\n {2}s3:\/\/busy\/b: .*taken\/b is there and differs/m,
    );
    assert.deepEqual([await read('taken/a'), await read('taken/d')], ['a', 'd']);
    const records = await home.run(['cp', '-r', '--json', 's3://busy', 'taken']);
    const made = await home.json(['cp', 's3://busy/a', 's3://busy/a2']);
    for (const flags of [[], ['--json']]) {
      const gone = await home.run(['cp', 's3://busy/a', 's3://not-there/a', ...flags]);
      assert.equal(gone.code, 3, 'one object ends the command as its own failure does');
    }
    const parsed = records.out.split('\n').filter((line) => line !== '');
    const all = [...made, ...parsed.map((line) => JSON.parse(line) as Record<string, unknown>)];
    golden('json/cp.txt', shapesOf(all.sort((a, b) => (String(a['type']) < String(b['type']) ? -1 : 1))));
  });

  test('what makes no sense is refused: nothing there, a folder, itself, into itself', async () => {
    await make({ 'self/in/x': 'x' });
    await fails(['cp', 'nowhere', 'other'], 3, /nowhere/);
    await fails(['cp', '-r', 'nowhere/', 'other'], 3, /nowhere/);
    await fails(['cp', 'zip:none.zip/a', 'other'], 3, /none\.zip/);
    await fails(['cp', '-r', 's3://copies/nowhere', 'other'], 3, /nowhere/);
    await fails(['cp', 'self', 'other'], 2, /self is a folder\n.*-r/);
    await fails(['cp', 'self/in/x', 'self/in/'], 2, /onto itself/);
    await fails(['cp', '-r', 'self', 'self/in/deeper'], 2, /inside of/);
    assert.equal(existsSync(join(home.folder, 'none.zip')), false);
  });

  test('a version of an object', async () => {
    const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
    assert.equal((await s3.send('PUT', '/versions', { query: { versioning: '' }, body })).status, 200);
    const first = await s3.send('PUT', '/versions/k', { body: 'first' });
    await s3.send('PUT', '/versions/k', { body: 'second' });
    const id = first.headers['x-amz-version-id'] ?? '';
    await home.ok(['cp', 's3://versions/k', 'old', '--version', id]);
    assert.equal(await read('old'), 'first');
  });
});
