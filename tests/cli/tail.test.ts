/** @module `cistern head` and `cistern tail`, against our server and on files: ends of objects, and what comes after them. */

import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { startCountingProxy } from '../support/counting-proxy.ts';
import { startTestServer } from '../support/server.ts';
import { cliHome } from './cli.ts';
import { Watched } from './watched.ts';

const { s3 } = await startTestServer({ buckets: ['box'] });
const home = cliHome(s3);

/** Some 3 MB: `line 000000` and so on. */
const LINES = Array.from({ length: 200_000 }, (_, i) => `line ${String(i).padStart(8, '0')}\n`);
await s3.object('PUT', 'box', 'long.txt', { body: LINES.join('') });
await s3.object('PUT', 'box', 'few.txt', { body: 'one\ntwo\nthree' });
await s3.object('PUT', 'box', 'empty.txt', { body: '' });

suite('head and tail', () => {
  test('lines and bytes', async () => {
    const both = async (...args: string[]): Promise<[string, string]> => [
      await home.ok(['head', ...args]),
      await home.ok(['tail', ...args]),
    ];
    const long = 's3://box/long.txt';
    assert.deepEqual(await both(long), [LINES.slice(0, 10).join(''), LINES.slice(-10).join('')]);
    assert.deepEqual(await both('-n', '150000', long), [
      LINES.slice(0, 150_000).join(''),
      LINES.slice(-150_000).join(''),
    ]);
    assert.deepEqual(await both('-2', 's3://box/few.txt'), ['one\ntwo\n', 'two\nthree']);
    assert.deepEqual(await both('-c', '5', 's3://box/few.txt'), ['one\nt', 'three']);
  });

  test('several have their names before them; one that is missing does not keep the others', async () => {
    const expected = '==> s3://box/empty.txt <==\n\n==> s3://box/few.txt <==\nthree';
    assert.equal(await home.ok(['tail', '-n', '1', 's3://box/{few,empty}.txt']), expected);
    const names = ['s3://box/missing', 's3://box/few.txt', 's3://box/empty.txt'];
    const { code, out, err } = await home.run(['head', '-qn1', ...names]);
    assert.deepEqual([code, out], [3, 'one\n']);
    assert.match(err, /missing/);
    assert.equal((await home.run(['head', '-n', 'x', 's3://box/few.txt'])).code, 2);
  });

  test('no more is fetched than is needed', async () => {
    await using proxy = await startCountingProxy(s3.endpoint);
    for (const name of ['head', 'tail']) {
      const before = proxy.received;
      await home.ok([name, 's3://box/long.txt', '--endpoint', proxy.origin]);
      assert.ok(proxy.received - before < 100_000, `${name} fetched ${proxy.received - before}`);
    }
  });
});

suite('tail -f', () => {
  test('an upload in progress, from its last lines to its end', async () => {
    const writer = new Watched(home.start(['put', '--live', 's3://box/live.txt']));
    writer.child.stdin.write('one\ntwo\nthree\n');
    const all = new Watched(home.start(['cat', '--follow', 's3://box/live.txt']));
    await all.until(/three\n/);
    const tail = new Watched(home.start(['tail', '-fn', '1', 's3://box/live.txt']));
    await tail.until(/^three\n$/);
    writer.child.stdin.end('four\n');
    assert.deepEqual([await writer.ended, await tail.ended, await all.ended], [0, 0, 0]);
    assert.equal(tail.out, 'three\nfour\n');
  });

  test('an object that grows is followed, and one that takes its place is told', async () => {
    const put = async (body: string): Promise<void> => {
      assert.equal((await s3.object('PUT', 'box', 'grows.txt', { body })).status, 200);
    };
    await put('one\ntwo\n');
    const tail = new Watched(home.start(['tail', '-f', '-n', '1', 's3://box/grows.txt']));
    await tail.until(/^two\n$/);
    await put('one\ntwo\nthree\n');
    await tail.until(/^two\nthree\n$/);
    await put('one\nTWO\nthree\nfour\n');
    await tail.until(/was replaced/);
    await tail.until(/^two\nthree\none\nTWO\nthree\nfour\n$/);
    await s3.object('DELETE', 'box', 'grows.txt');
    await tail.until(/is gone/);
    await put('');
    await put('again\n');
    await tail.until(/again\n$/);
    tail.child.kill('SIGINT');
    await tail.ended;
    assert.equal(tail.out, 'two\nthree\none\nTWO\nthree\nfour\nagain\n');
  });

  test('a file of this machine', async () => {
    const path = join(home.folder, 'app.log');
    await writeFile(path, 'one\n');
    const tail = new Watched(home.start(['tail', '-f', 'app.log']));
    await tail.until(/^one\n$/);
    await appendFile(path, 'two\n');
    await tail.until(/^one\ntwo\n$/);
    tail.child.kill('SIGINT');
    await tail.ended;
    assert.equal(tail.err, '');
  });
});
