/** @module `cistern rm`: what it deletes, what it asks first, and what it says. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, beforeEach, suite, test } from 'node:test';
import { connect } from '@cistern/store';
import { REGION, startTestServer } from '../support/server.ts';
import { startHttpFaults } from '../support/http-faults.ts';
import type { Fault } from '../support/http-faults.ts';
import { cliHome, golden, shapesOf } from './cli.ts';
import { needsTerminal, OnTerminal } from './on-terminal.ts';

const { s3 } = await startTestServer({ buckets: ['logs', 'versions', 'many'] });
const home = cliHome(s3);
const service = await connect(s3.endpoint, s3.credentials, { region: REGION });
after(() => service.close());
const logs = service.bucket('logs');
const left = (): Promise<string[]> => Array.fromAsync(logs.keys());

suite('rm', () => {
  beforeEach(async () => {
    const keys = ['2025/1.gz', '2025/2.gz', '2025/2.txt', '2025/deep/3.gz', '2026/1.gz', '2025', 'top'];
    for (const key of keys) await logs.put(key, key.endsWith('gz') ? '12345' : '1');
  });

  test('objects, those that are not there being failures, unless forced', async () => {
    const { code, out, err } = await home.run(['rm', 's3://logs/top', 's3://logs/absent', 's3://logs/2026']);
    assert.deepEqual([code, out], [3, '']);
    assert.match(err, /s3:\/\/logs\/absent: There is no such object/);
    assert.match(err, /s3:\/\/logs\/2026: It is a folder\n {2}-r deletes/);
    assert.match(err, /deleted 1 object; 2 failed\n$/);
    assert.deepEqual(await left(), [
      '2025',
      '2025/1.gz',
      '2025/2.gz',
      '2025/2.txt',
      '2025/deep/3.gz',
      '2026/1.gz',
    ]);
    await home.ok(['rm', '-f', 's3://logs/absent', 's3://logs/2026/1.gz']);
    assert.equal(await logs.exists('2026/1.gz'), false);
    const folder = await home.run(['rm', 's3://logs/top', 's3://logs/2025/']);
    assert.equal(folder.code, 2);
    assert.match(folder.err, /s3:\/\/logs\/2025\/ is a folder/);
    assert.equal((await home.run(['rm', 's3://absent-bucket/a'])).code, 3);
  });

  test('patterns, folders and filters', async () => {
    const dry = await home.run(['rm', '-n', 's3://logs/2025/*.gz', 's3://logs/2*6/1.gz']);
    const found = ['2025/1.gz', '2025/2.gz', '2026/1.gz'].map((key) => `s3://logs/${key}\n`);
    assert.deepEqual([dry.code, dry.out], [0, found.join('')]);
    assert.match(dry.err, /would delete 3 objects/);
    assert.equal((await left()).length, 7);

    const records = await home.json(['rm', 's3://logs/2025/*']);
    assert.deepEqual(records.at(-1), { type: 'summary', deleted: 3, failed: 0 });
    const more = await home.run(['rm', '--json', 's3://logs/absent*']);
    assert.equal(more.code, 3);
    const failed = more.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    golden('json/rm.txt', shapesOf([...records, ...failed]));
    assert.deepEqual(await left(), ['2025', '2025/deep/3.gz', '2026/1.gz', 'top']);

    await home.ok(['rm', '-r', 's3://logs/2025', '--smaller-than', '3']);
    assert.deepEqual(await left(), ['2025', '2025/deep/3.gz', '2026/1.gz', 'top']);
    await home.ok(['rm', '-r', 's3://logs/2025']);
    assert.deepEqual(await left(), ['2025', '2026/1.gz', 'top']);
  });

  test('all of a bucket only when somebody has said so', async () => {
    for (const place of ['s3://logs', 's3://logs/']) {
      const { code, err } = await home.run(['rm', '-r', place]);
      assert.equal(code, 2);
      assert.match(err, /Nobody can be asked[^\n]*\n {2}Add --yes/);
    }
    assert.equal((await left()).length, 7);
    await home.ok(['rm', '-r', '--yes', '-q', 's3://logs', '--exclude', 'deep']);
    assert.deepEqual(await left(), ['2025/deep/3.gz']);
  });

  test('on a terminal somebody is asked', { skip: needsTerminal }, async () => {
    const answers = [
      { keys: 'n\n', code: 1, left: 7 },
      // What is no yes is a no: also the end of input, and Ctrl-C.
      { keys: '\x04', code: 1, left: 7 },
      { keys: '\x03', code: 130, left: 7 },
      { keys: 'y\n', code: 0, left: 0 },
    ];
    for (const { keys, code, left: expected } of answers) {
      const terminal = new OnTerminal(home, ['rm', '-r', 's3://logs']);
      await terminal.shows(/^Delete all that is in s3:\/\/logs\? \[y\/N\]/m);
      terminal.press(keys);
      assert.equal(await terminal.ended, code, terminal.screen.text);
      assert.equal((await left()).length, expected);
    }
  });

  test('Ctrl-C stops it in order, and says what was done', async () => {
    await using proxy = await startHttpFaults(s3.endpoint);
    const asked = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    // The third page of the listing does not come.
    let pages = 0;
    proxy.rule = async ({ url = '' }): Promise<Fault> => {
      if (url.includes('list-type=2') && ++pages === 3) {
        asked.resolve();
        await gate.promise;
      }
      return 'pass';
    };
    const many = service.bucket('many');
    for (let start = 0; start < 2100; start += 100)
      await Promise.all(Array.from({ length: 100 }, (_, index) => many.put(`k${start + index}`, 'x')));
    const env = { AWS_ENDPOINT_URL: proxy.origin };
    const child = home.start(['rm', '-r', '--yes', 's3://many'], { env });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    await asked.promise;
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    gate.resolve();
    assert.equal(code, 130, err);
    const gone = 2100 - (await Array.fromAsync(many.keys())).length;
    assert.ok(gone > 0);
    const said = `cistern: deleted ${gone.toLocaleString('en')} objects\ncistern: Stopped\n`;
    assert.ok(err.startsWith(said), err);
    await home.ok(['rm', '-r', '--yes', 's3://many']);
  });

  test('many, in a stream', async () => {
    const many = service.bucket('many');
    const keys = Array.from({ length: 2500 }, (_, index) => `k${index}`);
    for (let start = 0; start < keys.length; start += 100)
      await Promise.all(keys.slice(start, start + 100).map((key) => many.put(key, 'x')));
    const { code, err } = await home.run(['rm', '-r', '--yes', 's3://many']);
    assert.deepEqual([code, err], [0, 'cistern: deleted 2,500 objects\n']);
    assert.deepEqual(await Array.fromAsync(many.keys()), []);
  });

  test('versions, for good', async () => {
    const store = service.bucket('versions');
    const features = service.features('versions');
    await features.setVersioning('enabled');
    const { version = '' } = await store.put('a', '1');
    for (const key of ['a', 'a/b', 'a/b', 'ab', 'c']) await store.put(key, '22');
    await store.delete('c');
    const marker = (await Array.fromAsync(features.listVersions({ prefix: 'c' })))[0]?.version ?? '';
    await home.ok(['rm', 's3://versions/c', '--version', marker]);
    assert.equal(await store.exists('c'), true, 'without its delete marker it is there again');
    await home.ok(['rm', 's3://versions/a', '--version', version]);
    const again = await home.run(['rm', 's3://versions/a', '--version', version]);
    assert.equal(again.code, 3);
    assert.match(again.err, /There is no version/);
    await home.ok(['rm', '-f', 's3://versions/a', '--version', version]);
    const counted = await home.run(['rm', '--all-versions', '-r', 's3://versions/a']);
    assert.equal(counted.err, 'cistern: deleted 2 versions\n');
    const all = await Array.fromAsync(features.listVersions());
    assert.deepEqual(
      all.map(({ key }) => key),
      ['a', 'ab', 'c'],
    );
    await home.ok(['rm', '--all-versions', 's3://versions/a*', 's3://versions/c']);
    assert.deepEqual(await Array.fromAsync(features.listVersions()), []);
    const { code } = await home.run(['rm', '--all-versions', 'file']);
    assert.equal(code, 2);
  });

  test('files of this machine', async () => {
    const folder = join(home.folder, 'data');
    await mkdir(join(folder, 'deep/empty/er'), { recursive: true });
    for (const name of ['a.txt', 'b.txt', 'deep/c.txt']) await writeFile(join(folder, name), 'x');
    await home.ok(['rm', 'data/a.txt']);
    assert.equal(existsSync(join(folder, 'a.txt')), false);
    const { code, err } = await home.run(['rm', '-r', '.']);
    assert.equal(code, 2, err);
    assert.match(err, /Delete all that is in \.\?/);
    await symlink(folder, join(home.folder, 'link'));
    const link = await home.run(['rm', '-r', 'link']);
    assert.equal(link.code, 2);
    assert.match(link.err, /link is a link to a folder/);
    assert.equal(existsSync(join(folder, 'b.txt')), true);
    await home.ok(['rm', '-r', 'data/']);
    assert.equal(existsSync(folder), false);
  });
});
