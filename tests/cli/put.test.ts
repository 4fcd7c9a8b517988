/** @module `cistern put` and `cistern cat`, against our server: pipes, files, and uploads that are read while they are written. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startHttpFaults } from '../support/http-faults.ts';
import type { Fault } from '../support/http-faults.ts';
import { startTestServer } from '../support/server.ts';
import { text, texts } from '../support/xml.ts';
import { cliHome, golden, shapesOf } from './cli.ts';
import { Watched } from './watched.ts';

const MIB = 1024 * 1024;
const { s3 } = await startTestServer({ buckets: ['box'] });
const home = cliHome(s3);

suite('put', () => {
  test('a pipe becomes an object with its attributes, and nothing is overwritten unless it is said', async () => {
    const args = ['put', '--content-type', 'text/plain', '--metadata', 'Camera=X100', 's3://box/pipe.txt'];
    const { code, out, err } = await home.run(args, { input: 'from a pipe' });
    assert.deepEqual({ code, out, err }, { code: 0, out: '', err: '' });
    const { headers, body } = await s3.object('GET', 'box', 'pipe.txt');
    assert.equal(String(body), 'from a pipe');
    assert.equal(headers['content-type'], 'text/plain');
    assert.equal(headers['x-amz-meta-camera'], 'X100');

    const refused = await home.run(['put', '-', 's3://box/pipe.txt'], { input: 'other' });
    assert.equal(refused.code, 1);
    assert.match(refused.err, /s3:\/\/box\/pipe\.txt is there already\n {2}--overwrite replaces it/);
    const records = await home.json(['put', '-f', '-', 's3://box/pipe.txt'], { input: 'other' });
    assert.equal(await home.ok(['cat', 's3://box/pipe.txt']), 'other');
    assert.equal(records[0]?.['size'], 5);
  });

  test('an empty pipe is an empty object', async () => {
    await home.ok(['put', 's3://box/empty'], { input: '' });
    assert.equal((await s3.object('HEAD', 'box', 'empty')).headers['content-length'], '0');
    await home.ok(['put', '--live', 's3://box/empty-live'], { input: '' });
    assert.equal((await s3.object('HEAD', 'box', 'empty-live')).headers['content-length'], '0');
    assert.equal(await home.ok(['cat', 's3://box/empty']), '');
  });

  test('a file keeps its name in a folder; what has none is refused', async () => {
    await writeFile(join(home.folder, 'photo.jpg'), 'a photo');
    await home.ok(['put', 'photo.jpg', 's3://box/photos/']);
    assert.equal(await home.ok(['cat', 's3://box/photos/photo.jpg']), 'a photo');
    for (const [args, reason] of [
      [['put', '-', 's3://box/photos/'], /is a folder/],
      [['put', '.', 's3://box/x'], /cistern cp -r/],
      [['put', '--metadata', 'x', 's3://box/x'], /--metadata x has no name/],
      [['put', '--part-size', '8MiB', 's3://box/x'], /--part-size is for files/],
    ] as const) {
      const { code, err } = await home.run(args);
      assert.equal(code, 2, err);
      assert.match(err, reason);
    }
    assert.equal((await home.run(['put', 'nothing.jpg', 's3://box/'])).code, 3);
  });

  test('a large pipe into a folder of this machine and into a bucket', async () => {
    const bytes = randomBytes(20_000_000);
    await mkdir(join(home.folder, 'local'));
    await home.ok(['put', 's3://box/large'], { input: bytes });
    await home.ok(['put', 'local/large'], { input: bytes });
    const { body } = await s3.object('GET', 'box', 'large');
    assert.ok(body.equals(bytes));
    const local = new Watched(home.start(['cat', 'local/large']));
    assert.equal(await local.ended, 0);
    assert.ok(local.bytes.equals(bytes));
  });

  test('a large file that was stopped goes on where it was', async () => {
    const bytes = randomBytes(20 * MIB);
    await writeFile(join(home.folder, 'film.mp4'), bytes);
    await using proxy = await startHttpFaults(s3.endpoint);
    const held = Promise.withResolvers<Fault>();
    const numberOf = (url = ''): number => Number(/partNumber=(\d+)/.exec(url)?.[1] ?? 0);
    proxy.rule = ({ url }) => (numberOf(url) > 2 ? held.promise : 'pass');
    const args = ['put', '--part-size', '5MiB', 'film.mp4', 's3://box/', '--endpoint', proxy.origin];
    const writer = new Watched(home.start(args));
    await eventually(async () => {
      const { text: uploads } = await s3.send('GET', '/box', { query: { uploads: '', prefix: 'film' } });
      const uploadId = text(uploads, 'UploadId') ?? '';
      const { text: parts } = await s3.object('GET', 'box', 'film.mp4', { query: { uploadId } });
      assert.deepEqual(texts(parts, 'PartNumber'), ['1', '2']);
    });
    writer.child.kill('SIGINT');
    assert.equal(await writer.ended, 130);
    assert.match(writer.err, /Stopped\n {2}The same command goes on where it was/);
    held.resolve('lose-request');
    const sent: number[] = [];
    proxy.rule = ({ url }): Fault => {
      sent.push(numberOf(url));
      return 'pass';
    };
    await home.ok(args);
    assert.deepEqual(
      sent.filter((number) => number > 0).toSorted((a, b) => a - b),
      [3, 4],
    );
    assert.ok((await s3.object('GET', 'box', 'film.mp4')).body.equals(bytes));
  });
});

suite('put --live and cat --follow', () => {
  test('what is written can be read at once, and the object is there at the end', async () => {
    const reader = new Watched(home.start(['cat', '--follow', 's3://box/log']));
    const writer = new Watched(home.start(['put', '--live', 's3://box/log']));
    writer.child.stdin.write('first line\n');
    await reader.until(/^first line\n$/);
    assert.equal((await s3.object('HEAD', 'box', 'log')).status, 404);
    const late = new Watched(home.start(['cat', '--follow', '--range', '6-', 's3://box/log']));
    await late.until(/^line\n$/);
    writer.child.stdin.end('last line\n');
    assert.deepEqual([await writer.ended, await reader.ended, await late.ended], [0, 0, 0]);
    assert.equal(reader.out, 'first line\nlast line\n');
    assert.equal(late.out, 'line\nlast line\n');
    assert.equal(writer.out, '');
    assert.match(writer.err, /^To read it meanwhile: cistern cat --follow s3:\/\/box\/log\n$/);
    assert.equal(await home.ok(['cat', '--follow', 's3://box/log']), 'first line\nlast line\n');
  });

  test('Ctrl-C leaves all that has come, says how to go on, and that works', async () => {
    const bytes = randomBytes(1_000_000);
    const args = ['put', '--live', '--flush-every', '1h', '--json', 's3://box/stopped'];
    const writer = new Watched(home.start(args));
    const [, id = ''] = await writer.until(/"id":"([^"]+)"/);
    // All is taken from the pipe but what that holds.
    if (!writer.child.stdin.write(bytes)) await once(writer.child.stdin, 'drain');
    writer.child.kill('SIGINT');
    assert.equal(await writer.ended, 130);
    const kept = Number(/Stopped: (\d+) bytes .* are kept as the upload/.exec(writer.err)?.[1]);
    assert.ok(kept > 500_000, writer.err);
    assert.ok(writer.err.includes(`put --live --resume ${id} - s3://box/stopped`), writer.err);

    const input = bytes.subarray(kept);
    const records = await home.json(['put', '--resume', id, '-', 's3://box/stopped'], { input });
    assert.ok((await s3.object('GET', 'box', 'stopped')).body.equals(bytes));
    golden('json/put.txt', shapesOf(records));
  });

  test('an upload that was left can be given up, as it says', async () => {
    const writer = new Watched(home.start(['put', '--live', 's3://box/given-up']));
    writer.child.stdin.write('begun');
    await new Watched(home.start(['cat', '--follow', 's3://box/given-up'])).endAfter(/begun/);
    writer.child.kill('SIGTERM');
    assert.equal(await writer.ended, 130);
    const [, advised = ''] = /Give them up: cistern (.*)/.exec(writer.err) ?? [];
    await home.ok(advised.split(' '));
    assert.equal((await home.run(['cat', '--follow', '--wait', '0s', 's3://box/given-up'])).code, 3);
  });

  test('one that somebody aborts meanwhile is not said to be kept', async () => {
    const writer = new Watched(home.start(['put', '--live', 's3://box/aborted']));
    writer.child.stdin.write('begun');
    await new Watched(home.start(['cat', '--follow', 's3://box/aborted'])).endAfter(/begun/);
    await home.ok(['uploads', 'abort', 's3://box/aborted']);
    writer.child.stdin.end('more');
    assert.equal(await writer.ended, 1);
    assert.match(writer.err, /The upload \S+ of s3:\/\/box\/aborted is gone: somebody has aborted it/);
    assert.doesNotMatch(writer.err, /are kept/);
  });

  test('Ctrl-C without --live stores nothing', async () => {
    const writer = new Watched(home.start(['put', 's3://box/never', '--quiet']));
    writer.child.stdin.write('some bytes');
    // The pipe is read once it takes more than it can hold.
    if (!writer.child.stdin.write(randomBytes(1_000_000))) await once(writer.child.stdin, 'drain');
    writer.child.kill('SIGINT');
    assert.equal(await writer.ended, 130);
    assert.match(writer.err, /^cistern: Stopped: nothing was stored\n/);
    assert.equal((await s3.object('HEAD', 'box', 'never')).status, 404);
  });

  test('nothing to follow is said after the time to wait', async () => {
    const { code, err } = await home.run(['cat', '--follow', '--wait', '0s', 's3://box/nothing']);
    assert.equal(code, 3);
    assert.match(err, /no upload of s3:\/\/box\/nothing in progress, and no object/);
  });
});

suite('cat', () => {
  test('several objects, parts of them, and standard input', async () => {
    for (const name of ['one', 'two']) await s3.object('PUT', 'box', `cat/${name}`, { body: `${name}\n` });
    assert.equal(
      await home.ok(['cat', 's3://box/cat/one', '-', 's3://box/cat/two'], { input: '-\n' }),
      'one\n-\ntwo\n',
    );
    for (const [range, part] of [
      ['1-2', 'wo'],
      ['2-', 'o\n'],
      ['-2', 'o\n'],
      ['0-99', 'two\n'],
    ] as const) {
      assert.equal(await home.ok(['cat', '--range', range, 's3://box/cat/two']), part, range);
    }
    assert.equal((await home.run(['cat', '--range', '5-1', 's3://box/cat/two'])).code, 2);
    const beyond = await home.run(['cat', '--range', '1000-', 's3://box/cat/two']);
    assert.equal(beyond.code, 1);
    assert.match(beyond.err, /s3:\/\/box\/cat\/two ends before that range/);
  });

  test('one that is missing does not keep the others from being printed', async () => {
    await s3.object('PUT', 'box', 'there', { body: 'there' });
    const { code, out, err } = await home.run(['cat', 's3://box/missing', 's3://box/there']);
    assert.deepEqual([code, out], [3, 'there']);
    assert.match(err, /missing/);
  });

  test('a reader that goes away is no failure', async () => {
    await s3.object('PUT', 'box', 'endless', { body: randomBytes(30_000_000) });
    const child = home.start(['cat', 's3://box/endless']);
    const errors: string[] = [];
    child.stderr.on('data', (chunk) => errors.push(String(chunk)));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = (await once(child, 'close')) as [number];
    assert.deepEqual([code, errors.join('')], [0, '']);
  });
});
