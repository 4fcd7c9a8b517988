/** @module A failed start is told with what to do next; settings under the name that was used. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataDirectoryLocked, DataDirectoryUnusable } from '@cistern/server';
import { explainFailure } from './explain-failure.ts';
import { OptionError } from '../values/option-error.ts';

const explain = (error: unknown): ReturnType<typeof explainFailure> =>
  explainFailure(error, { nameOf: (flag) => `<${flag}>`, address: '127.0.0.1:9000' });

test('a wrong setting is told by its flag or variable, with exit code 2', () => {
  for (const [option, name] of [
    ['port', '<port>'],
    ['dataDir', '<data>'],
    ['domains', '<domain>'],
    ['tls.cert', '<tlsCert>'],
    ['tls.key', '<tlsKey>'],
    ['throughput.bytesPerSecondMin', '<minThroughput>'],
    ['credentials.accessKeyId', 'CISTERN_ACCESS_KEY_ID'],
    ['credentials.secretAccessKey', 'CISTERN_SECRET_ACCESS_KEY'],
  ] as const) {
    assert.deepEqual(explain(new OptionError(option, 'is wrong.')), {
      message: `${name}: is wrong.`,
      exitCode: 2,
    });
  }
});

test('a start that failed has exit code 1, and the message says what to do', () => {
  const system = (code: string): Error => Object.assign(new Error(`listen ${code}`), { code });
  for (const [error, expected] of [
    [system('EADDRINUSE'), /^127\.0\.0\.1:9000 is in use.*--port 0/],
    [system('EACCES'), /^127\.0\.0\.1:9000 .*below 1024.*--port/],
    [system('EADDRNOTAVAIL'), /127\.0\.0\.1:9000.*--host is/],
    [system('ENOTFOUND'), /--host is/],
    [new DataDirectoryLocked('data'), /data is in use by another process.*--data/],
    [new DataDirectoryUnusable('data', new Error('why')), /data cannot be used \(why\).*--data/],
    [new Error('something else'), /^something else$/],
    ['a text', /^a text$/],
  ] as const) {
    const { message, exitCode } = explain(error);
    assert.equal(exitCode, 1);
    assert.match(message, expected);
  }
});
