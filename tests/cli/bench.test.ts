/** @module `cistern bench`: measures, and leaves nothing behind, also when it is stopped. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { startTestServer } from '../support/server.ts';
import { cliHome, golden, shapesOf } from './cli.ts';

const { s3 } = await startTestServer({ buckets: ['scratch'] });
const home = cliHome(s3);

suite('bench', () => {
  test('measures each operation, and removes what it has put', async () => {
    const records = await home.json(['bench', 's3://scratch/below', '--objects', '50', '--size', '4KiB']);
    assert.deepEqual(
      records.map(({ operation }) => operation),
      ['put', 'head', 'get', 'list', 'delete'],
    );
    for (const { operation, operations, failed, seconds, bytesPerSecond } of records) {
      assert.deepEqual([operations, failed], [50, 0]);
      const bytes = operation === 'put' || operation === 'get' ? 50 * 4096 : 0;
      assert.equal(Math.round(Number(bytesPerSecond) * Number(seconds)), bytes);
    }
    golden('json/bench.txt', shapesOf(records));
    assert.equal(await home.ok(['ls', '-r', 's3://scratch']), '');
  });

  test('stopped by Ctrl-C it removes what it has put', async () => {
    const child = home.start(['bench', 's3://scratch', '--duration', '1000s', '--objects', '100000000']);
    const ended = once(child, 'close') as Promise<[number | null]>;
    // Its table begins when the first phase does.
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    assert.deepEqual((await ended)[0], 130);
    assert.equal(await home.ok(['ls', '-r', 's3://scratch']), '');
  });

  test('what makes no sense is refused', async () => {
    for (const args of [
      ['--objects', '0'],
      ['--size', 'many'],
      ['--concurrency', 'x'],
    ]) {
      assert.equal((await home.run(['bench', 's3://scratch', ...args])).code, 2, args.join(' '));
    }
  });
});
