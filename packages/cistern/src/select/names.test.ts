/** @module What was found is named so that it can be named again. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { Cli } from '../command/cli.ts';
import { Places } from '../places/places.ts';
import { expand } from './expand.ts';
import { toNamer } from './names.ts';

const folder = mkdtempSync(join(tmpdir(), 'cistern-names-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const { stdout, stderr, stdin } = process;
const config = join(folder, 'remotes.json');
const cli = new Cli({ env: { CISTERN_CONFIG: config }, stdout, stderr, stdin });
const keys = { accessKeyId: 'a', secretAccessKey: 's', endpoint: 'http://127.0.0.1:9' };
const remotes = { prod: { url: 's3://', ...keys }, year: { url: 's3://photos/2026', ...keys } };
writeFileSync(config, JSON.stringify({ version: 1, remotes }));

async function named(text: string, key: string, isLiteral = false): Promise<string> {
  const places = new Places(cli);
  const selection = await expand(places, text, isLiteral ? { literal: true } : {});
  const name = key.slice(key.lastIndexOf('/') + 1);
  const object = { type: 'object', key, name, size: 0, lastModified: new Date(0) } as const;
  try {
    return toNamer(selection, isLiteral)(object);
  } finally {
    await places.close();
  }
}

suite('names', () => {
  test('of remotes begin with the remote, whatever it stands for', async () => {
    assert.equal(await named('prod:photos/x*', 'x/1'), 'prod:photos/x/1');
    assert.equal(await named('prod:photos', 'x/1'), 'prod:photos/x/1');
    assert.equal(await named('year:', '2026/05/a'), 'year:05/a');
    assert.equal(await named('year:05', '2026/05/a'), 'year:05/a');
    assert.equal(await named('year:0*', '2026/05/a'), 'year:05/a');
    assert.equal(await named('year:', '2026'), 'year:');
  });

  test('have the signs of patterns escaped, but for --literal', async () => {
    assert.equal(await named('mem:', 'a [1]{2}*.txt'), String.raw`mem:a \[1\]\{2\}\*.txt`);
    assert.equal(await named('mem:', 'a [1]{2}*.txt', true), 'mem:a [1]{2}*.txt');
    assert.equal(await named('mem:', 'plain {text}'), 'mem:plain {text}');
  });

  test('of this machine are paths that are no flags and no schemes', async () => {
    assert.equal(await named(folder, 'a [1]'), join(folder, 'a [1]'));
    assert.equal(await named('*', '-x'), './-x');
    assert.equal(await named('?', 's3:x'), './s3:x');
    assert.equal(await named('.', 'a'), './a');
    assert.equal(await named(`file://${folder}`, 'a'), join(folder, 'a'));
  });
});
