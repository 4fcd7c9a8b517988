/**
 * @module `cistern cp` that is stopped in the middle, by Ctrl-C or by kill -9, and the same command again: what was moved is
 * not moved twice. The service answers the first requests for bytes and holds the others back: the middle is where the tests say.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startHttpFaults } from '../support/http-faults.ts';
import { startTestServer } from '../support/server.ts';
import { cliHome } from './cli.ts';

const MIB = 1024 * 1024;
const SIZE = 40 * MIB;
/** Requests of this many bytes each, of which so many are answered. */
const PART = 5 * MIB;
const PASSED = 3;

const { s3 } = await startTestServer({ buckets: ['large', 'small'] });
const home = cliHome(s3);
const content = randomBytes(SIZE);
const path = (name: string): string => join(home.folder, name);
await writeFile(path('file'), content);
const state = path('.local/state/cistern/transfers');

/** Bytes that a request carries, or asks for; 0 of any other. */
function bytesOf({ method, url = '', headers }: IncomingMessage): number {
  if (method === 'PUT' && url.includes('partNumber=')) return Number(headers['content-length']);
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
  return method === 'GET' && end !== undefined ? Number(end) - Number(start) + 1 : 0;
}

/** A way to the server that is shut after the first requests for bytes, until it is opened; then it counts. */
async function startGate() {
  const proxy = await startHttpFaults(s3.endpoint);
  const held = Promise.withResolvers<'lose-request'>();
  let begun = 0;
  let bytes = 0;
  proxy.rule = (request) => (bytesOf(request) > 0 && ++begun > PASSED ? held.promise : 'pass');
  return {
    origin: proxy.origin,
    open: () => {
      held.resolve('lose-request');
      proxy.rule = (request) => {
        bytes += bytesOf(request);
        return 'pass';
      };
    },
    get bytes() {
      return bytes;
    },
    [Symbol.asyncDispose]: () => {
      held.resolve('lose-request');
      return proxy[Symbol.asyncDispose]();
    },
  };
}

/** Starts the command, ends it once `isMiddle` passes, and says how it ended. */
async function stopped(args: readonly string[], signal: NodeJS.Signals, isMiddle: () => Promise<void>) {
  const child = home.start(args);
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const closed = once(child, 'close');
  try {
    await eventually(isMiddle);
  } finally {
    child.kill(signal);
  }
  const [code] = (await closed) as [number | null];
  if (signal === 'SIGINT') {
    assert.equal(code, 130, err);
    assert.match(err, /^Stopped\. Copied 0 objects.*1 remains: the same command goes on$/m);
  }
  assert.equal((await readdir(state)).filter((name) => name.endsWith('.json')).length, 1);
}

suite('what was stopped goes on', () => {
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    test(`an upload, after ${signal}`, async () => {
      const key = signal.toLowerCase();
      await using gate = await startGate();
      const args = ['cp', 'file', `s3://large/${key}`, '--part-size', '5MiB', '--endpoint', gate.origin];
      await stopped(args, signal, async () => {
        const uploads = await s3.send('GET', '/large', { query: { uploads: '', prefix: key } });
        const [, uploadId = ''] = /<UploadId>([^<]+)</.exec(uploads.text) ?? [];
        const parts = await s3.send('GET', `/large/${key}`, { query: { uploadId } });
        assert.equal(parts.text.match(/<Part>/g)?.length, PASSED, 'not yet');
      });
      assert.equal(
        (await s3.send('HEAD', `/large/${key}`)).status,
        404,
        'nothing is there before all of it is',
      );

      gate.open();
      const records = await home.json(args);
      assert.equal(records[0]?.['resumedBytes'], PASSED * PART);
      assert.ok(
        gate.bytes >= SIZE - PASSED * PART && gate.bytes < SIZE - PASSED * PART + MIB,
        `${gate.bytes}`,
      );
      assert.ok(content.equals((await s3.send('GET', `/large/${key}`)).body));
      assert.deepEqual(await readdir(state), [], 'nothing is remembered of what is whole');
    });

    test(`a download, after ${signal}`, async () => {
      await s3.send('PUT', '/large/source', { body: content });
      await using gate = await startGate();
      const name = `got-${signal}`;
      const args = ['cp', 's3://large/source', name, '--part-size', '5MiB', '--endpoint', gate.origin];
      const partial = async (): Promise<string> => {
        const found = (await readdir(home.folder)).find((one) => one.endsWith('.cistern-partial'));
        assert.ok(found !== undefined, 'not yet');
        return found;
      };
      await stopped(args, signal, async () => {
        // What is held back is a hole: blocks of 512 bytes count what has come.
        assert.ok((await stat(path(await partial()))).blocks * 512 >= PASSED * PART, 'not yet');
        const [journal = ''] = await readdir(state);
        assert.match(await readFile(join(state, journal), 'utf8'), /"blocks":"\d+ ,*[0-9a-f]/);
      });
      assert.equal(existsSync(path(name)), false, 'nothing has the name before it is whole');

      gate.open();
      const records = await home.json(args);
      const resumed = Number(records[0]?.['resumedBytes']);
      // What is written to the disk is remembered now and then, and once more by whoever can.
      assert.ok(resumed >= (signal === 'SIGINT' ? PASSED * PART - MIB : MIB), `${resumed}`);
      assert.equal(gate.bytes, SIZE - resumed);
      assert.ok(content.equals(await readFile(path(name))));
      await assert.rejects(partial(), /not yet/, 'nothing is left beside it');
      assert.deepEqual(await readdir(state), []);
    });
  }

  test('many small ones: those that are there are skipped', async () => {
    await mkdir(path('many'));
    for (let i = 0; i < 40; i++) await writeFile(path(`many/${i}`), `content of ${i}`);
    const proxy = await startHttpFaults(s3.endpoint);
    await using _ = proxy;
    const held = Promise.withResolvers<'lose-request'>();
    let puts = 0;
    proxy.rule = ({ method }) => (method === 'PUT' && ++puts > 10 ? held.promise : 'pass');
    const args = ['cp', '-r', 'many', 's3://small/', '--endpoint', proxy.origin];
    const child = home.start(args);
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const closed = once(child, 'close');
    try {
      await eventually(async () => {
        const listed = await s3.send('GET', '/small', { query: { 'list-type': '2' } });
        assert.match(listed.text, /<KeyCount>10</);
      });
    } finally {
      child.kill('SIGINT');
    }
    const [code] = (await closed) as [number | null];
    assert.equal(code, 130);
    const [, copied, remain] = /^Stopped\. Copied (\d+) objects.*; (\d+) remain: the same/m.exec(err) ?? [];
    assert.ok(Number(copied) <= 10 && Number(copied) + Number(remain) === 40, err);
    held.resolve('lose-request');
    proxy.rule = () => 'pass';
    const summary = (await home.json(args)).at(-1);
    assert.deepEqual([summary?.['copied'], summary?.['skipped']], [30, 10]);
  });
});
