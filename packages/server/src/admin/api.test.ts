/** Who may ask for a check of a running server, and what the answer looks like from its first line to its last. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import type { MessagePort } from 'node:worker_threads';

import { S3Error } from '@cistern/protocol';
import type { User } from '../config.ts';
import type { FsckEvent } from '../fsck/report.ts';
import { BUSY } from '../threads/fsck-handle.ts';
import { AdminApi } from './api.ts';

const NO_DAMAGE = (): Promise<never> => Promise.reject(new Error('not asked for'));
const ROOT: User = { name: 'root', accessKeyId: 'R', secretAccessKey: 'secret', root: true };
const ALICE: User = { ...ROOT, name: 'alice', root: false };

const progress = (versions: number): FsckEvent =>
  ({ type: 'progress', phase: 'versions', checked: { versions } }) as FsckEvent;
const RESULT = { type: 'result', report: {} } as FsckEvent;

/** An API whose checks say `told` and end. */
function apiThatTells(...told: unknown[]): AdminApi {
  return new AdminApi({
    damage: NO_DAMAGE,
    startFsck: (port) => {
      for (const message of told) port.postMessage(message);
      port.close();
    },
  });
}

async function linesOf(api: AdminApi): Promise<unknown[]> {
  const { body } = await api.reply('POST', '/-/api/fsck', ROOT);
  assert.ok(body.kind === 'lines');
  const lines: unknown[] = [];
  for await (const line of body.lines) {
    assert.ok(line.endsWith('\n'));
    lines.push(JSON.parse(line));
  }
  return lines;
}

const withCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof S3Error && error.code === code;

suite('POST /-/api/fsck', () => {
  test('answers a line an event', async () => {
    const problem = { type: 'problem', problem: { kind: 'parts', message: 'x' } };
    assert.deepEqual(await linesOf(apiThatTells(progress(1), problem, RESULT)), [
      progress(1),
      problem,
      RESULT,
    ]);
  });

  test('skips progress that the client was too slow for, and never a problem', async () => {
    const problem = { type: 'problem', problem: { kind: 'parts', message: 'x' } };
    const told = [progress(1), progress(2), progress(3), problem, problem, progress(4), RESULT];
    let port: MessagePort | undefined;
    const api = new AdminApi({
      damage: NO_DAMAGE,
      startFsck: (asker) => {
        port = asker;
        asker.postMessage(told[0]);
      },
    });
    const { body } = await api.reply('POST', '/-/api/fsck', ROOT);
    assert.ok(body.kind === 'lines');
    const lines = body.lines[Symbol.asyncIterator]();
    assert.deepEqual(JSON.parse((await lines.next()).value as string), progress(1));
    for (const message of told.slice(1)) port?.postMessage(message);
    port?.close();
    // The other side is closed after it was given everything.
    if (port !== undefined) await once(port, 'close');
    const rest: unknown[] = [];
    for (let step = await lines.next(); step.done !== true; step = await lines.next())
      rest.push(JSON.parse(step.value));
    assert.deepEqual(rest, [problem, problem, RESULT]);
  });

  test('says so when the server has ended the check', async () => {
    const lines = await linesOf(apiThatTells(progress(1)));
    assert.deepEqual(lines.at(-1), { type: 'failed', message: 'The server has ended the check.' });
    assert.equal((await linesOf(apiThatTells())).length, 1);
  });

  test('ends the check when the client goes away', async () => {
    const ended = Promise.withResolvers<void>();
    const api = new AdminApi({
      damage: NO_DAMAGE,
      startFsck: (port) => {
        port.once('close', () => ended.resolve());
        port.postMessage(progress(1));
        port.postMessage(RESULT);
      },
    });
    const { body } = await api.reply('POST', '/-/api/fsck', ROOT);
    assert.ok(body.kind === 'lines');
    for await (const line of body.lines) if (line !== '') break;
    await ended.promise;
  });

  test('is refused while another is under way', async () => {
    await assert.rejects(linesOf(apiThatTells(BUSY)), withCode('ServiceUnavailable'));
  });

  test('is for root, and takes nothing that it does not know', async () => {
    const api = apiThatTells(RESULT);
    await assert.rejects(api.reply('POST', '/-/api/fsck', ALICE), withCode('AccessDenied'));
    await assert.rejects(api.reply('POST', '/-/api/other', ALICE), withCode('AccessDenied'));
    await assert.rejects(api.reply('POST', '/-/api/other', ROOT), withCode('NoSuchKey'));
    await assert.rejects(api.reply('GET', '/-/api/fsck', ROOT), withCode('MethodNotAllowed'));
    for (const query of ['slow', 'quick?', 'quick?slow', 'quick&slow'])
      await assert.rejects(
        api.reply('POST', `/-/api/fsck?${query}`, ROOT),
        withCode('InvalidArgument'),
        query,
      );
  });
});
