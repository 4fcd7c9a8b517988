/** @module `cistern diff` and `cistern verify`, between folders, our server and archives. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, suite, test } from 'node:test';
import { startTestServer } from '../support/server.ts';
import { cliHome, golden, shapesOf } from './cli.ts';

const { s3 } = await startTestServer({ buckets: ['bucket', 'copy', 'empty'] });
const home = cliHome(s3);

function write(path: string, text: string): void {
  mkdirSync(dirname(join(home.folder, path)), { recursive: true });
  writeFileSync(join(home.folder, path), text);
}

suite('diff and verify', () => {
  before(async () => {
    for (const name of ['same', 'deep/same', 'content', 'size', 'left'])
      write(`a/${name}`, `text of ${name}`);
    write('a/empty', '');
    const there = {
      same: 'text of same',
      'deep/same': 'text of deep/same',
      content: 'TEXT of content',
      size: 'x',
      right: 'r',
    };
    for (const [key, body] of Object.entries({ ...there, empty: '' })) {
      assert.equal((await s3.send('PUT', `/bucket/of/${key}`, { body })).status, 200);
    }
  });

  test('diff tells by listings what is in one alone, and what differs', async () => {
    const { code, out, err } = await home.run(['diff', 'a', 's3://bucket/of']);
    assert.equal(out, '< left\n> right\n! size  (size: 12 and 1)\n');
    assert.equal(code, 5);
    assert.match(err, /^4 are the same; 1 differs; 1 only in a; 1 only in s3:\/\/bucket\/of$/m);
    const byContent = await home.run([
      'diff',
      'a',
      's3://bucket/of',
      '--checksum',
      '--one-way',
      '-q',
      '--exclude',
      'size',
    ]);
    assert.deepEqual(
      [byContent.code, byContent.out, byContent.err],
      [5, '! content  (content)\n< left\n', ''],
    );
    const same = await home.run(['diff', 'a', 's3://bucket/of', '--include', '*same']);
    assert.deepEqual([same.code, same.out], [0, '']);
    const records = await home.run(['diff', 's3://bucket/of', 'a', '--json']);
    assert.equal(records.err, '');
    golden('json/diff.txt', shapesOf(parsed(records.out)));
  });

  test('verify compares contents: by checksums, by reading one, by reading both', async () => {
    const { code, out, err } = await home.run(['verify', 'a', 's3://bucket/of']);
    assert.equal(out, '! content  (content)\n< left\n> right\n! size  (size: 12 and 1)\n');
    assert.equal(code, 5);
    assert.match(
      err,
      /^3 are the same \((?:2 by MD5, 1 by being empty|1 by being empty, 2 by MD5)\); 2 differ; /m,
    );
    // What we store ourselves has a CRC-32 with it.
    await home.ok(['sync', 'a', 's3://copy', '--include', '*same', '-q']);
    const only = ['--include', '*same'];
    const [known] = await home.json(['verify', 's3://bucket/of', 's3://copy', ...only]);
    const [half] = await home.json(['verify', 'a', 's3://copy', ...only]);
    const [read] = await home.json(['verify', 's3://bucket/of', 's3://copy', ...only, '--read']);
    assert.deepEqual([known?.['by'], half?.['by']], [{ md5: 2 }, { crc32: 2 }]);
    assert.deepEqual([read?.['same'], read?.['by']], [2, { bytes: 2 }]);
    await home.ok(['sync', 'a', 'zip:a.zip', '-q']);
    await home.ok(['verify', 'a', 'zip:a.zip']);
    const records = await home.run(['verify', 'a', 's3://bucket/of', '--json']);
    golden('json/verify.txt', shapesOf(parsed(records.out)));
  });

  test('two single objects, or one and a folder that should have it', async () => {
    await home.ok(['verify', 'a/same', 's3://bucket/of/same']);
    await home.ok(['diff', 'a/deep/same', 's3://copy/deep/']);
    const differs = await home.run(['verify', 'a/content', 's3://bucket/of/content']);
    assert.deepEqual([differs.code, differs.out], [5, '! content  (content)\n']);
  });

  test('what is not there is never taken for empty; an empty bucket is', async () => {
    for (const [left, right] of [
      ['nowhere', 's3://bucket/of'],
      ['a', 's3://bucket/off'],
      ['a', 's3://no-such-bucket'],
      ['a/left', 's3://bucket/of/'],
    ] as const) {
      const { code, out } = await home.run(['diff', left, right]);
      assert.deepEqual([code, out], [3, ''], `${left} ${right}`);
    }
    const { code, out } = await home.run(['diff', 's3://empty', 's3://copy']);
    assert.deepEqual([code, out], [5, '> deep/same\n> same\n']);
  });
});

function parsed(out: string): Record<string, unknown>[] {
  const lines = out.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
