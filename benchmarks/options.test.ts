/** @module Tests of the command line. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from './options.ts';

test('without arguments everything is measured, on our own server', () => {
  const options = parseOptions([], {});
  assert.equal(options?.endpoint, undefined);
  assert.deepEqual(options?.connections, [1, 16, 64]);
  assert.deepEqual(options?.listKeys, [1000, 10_000, 1_000_000]);
  assert.deepEqual(options?.sizes, [4096, 65_536, 2 ** 26, 2 ** 30]);
  assert.deepEqual(options?.uploads, { count: 100, bytes: 2 ** 24 });
  assert.equal(options?.parts, 10_000);
  assert.equal(options?.copyBytes, 5 * 2 ** 30);
  assert.equal(options?.versions, 100_000);
});

test('what is said wins over what --quick would choose', () => {
  const options = parseOptions(['--quick', '--duration', '3', '--list-keys', '50', '--versions', '70'], {});
  assert.equal(options?.durationSeconds, 3);
  assert.deepEqual(options?.listKeys, [50]);
  assert.equal(options?.versions, 70);
  assert.equal(options?.volumeBytes, 2 ** 30);
});

test('an endpoint takes its keys from the options or the environment, and needs them', () => {
  const env = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
  const options = parseOptions(['--endpoint', 'http://127.0.0.1:9000', '--access-key', 'other'], env);
  assert.equal(options?.endpoint?.accessKeyId, 'other');
  assert.equal(options?.endpoint?.secretAccessKey, 'secret');
  assert.equal(options?.endpoint?.name, '127.0.0.1:9000');
  assert.throws(() => parseOptions(['--endpoint', 'http://127.0.0.1:9000'], {}), /--access-key/);
});

test('arguments after -- go to the server', () => {
  assert.deepEqual(parseOptions(['--quick', '--', '--threads', '1'], {})?.serverArguments, [
    '--threads',
    '1',
  ]);
});

test('nonsense is refused', () => {
  for (const argv of [
    ['--only', 'put,frobnicate'],
    ['--connections', '0'],
    ['--duration', '1.5'],
    ['--sizes', 'big'],
    ['--uploads', '100'],
    ['--parts', '10001'],
    ['--copy', '6GiB'],
    ['--unknown'],
    ['--rounds', '3'],
    ['--peer', 'a=http://h:1,id,secret', '--only', 'life'],
    ['--peer', 'a=http://h:1,id,secret', '--growth', '1000'],
  ]) {
    assert.throws(() => parseOptions(argv, {}), argv.join(' '));
  }
});

test('help asks for nothing else', () => {
  assert.equal(parseOptions(['--help'], {}), undefined);
});

test('side by side fewer rows are measured, more than once', () => {
  const options = parseOptions(['--peer', 'a=http://h:1,id,secret', '--peer', 'b=http://h:2,id,secret'], {});
  assert.deepEqual(
    options?.peers.map(({ name }) => name),
    ['a', 'b'],
  );
  assert.equal(options?.rounds, 3);
  assert.deepEqual(options?.connections, [64]);
  assert.equal(options?.only.has('life'), false);
  assert.deepEqual(parseOptions(['--growth', '1000,100000'], {})?.growth, [1000, 100_000]);
});
