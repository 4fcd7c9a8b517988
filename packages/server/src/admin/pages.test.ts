/** The pages for those who watch the server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { S3Error } from '@cistern/protocol';
import { AdminPages } from './pages.ts';

interface Page {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
}

let reason: string | undefined;
let asked = 0;
const pages = new AdminPages({
  notReady: async () => reason,
  metrics: async () => `cistern_pages_asked ${++asked}\n`,
});

async function get(target: string, method = 'GET'): Promise<Page> {
  const { status, headers, body } = await pages.reply(method, target);
  assert.ok(body.kind === 'bytes');
  return { status, type: headers[headers.indexOf('Content-Type') + 1], text: body.bytes.toString() };
}

test('a server that runs is live, and ready unless there is a reason', async (t) => {
  t.after(() => (reason = undefined));
  for (const method of ['GET', 'HEAD']) {
    reason = undefined;
    assert.deepEqual(await get('/-/health/live', method), {
      status: 200,
      type: 'text/plain; charset=utf-8',
      text: 'live\n',
    });
    assert.equal((await get('/-/health/ready', method)).status, 200);
    reason = 'the disk is gone';
    const { status, text } = await get('/-/health/ready', method);
    assert.equal(status, 503);
    assert.equal(text, 'not ready: the disk is gone\n');
    assert.equal((await get('/-/health/live', method)).status, 200, 'a restart would not help');
  }
});

test('metrics are collected when they are asked for, and come as Prometheus reads them', async () => {
  const before = asked;
  const { status, type, text } = await get('/-/metrics');
  assert.equal(status, 200);
  assert.match(type ?? '', /^text\/plain; version=0\.0\.4/);
  assert.equal(text, `cistern_pages_asked ${before + 1}\n`);
  await get('/-/health/live');
  assert.equal(asked, before + 1);
});

test('what follows a question mark does not matter', async () => {
  assert.equal((await get('/-/health/ready?from=probe')).text, 'ready\n');
  assert.equal((await get('/-/health/live?')).text, 'live\n');
});

test('other pages are not there', async () => {
  for (const target of ['/-/', '/-/health', '/-/health/live/', '/-/Metrics', '/-/metrics/../health/live']) {
    const { status, text } = await get(target);
    assert.equal(status, 404, target);
    assert.doesNotMatch(text, /Metrics|\.\./, 'what was asked for is not repeated');
  }
});

test('nothing can be changed here', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'get']) {
    await assert.rejects(
      pages.reply(method, '/-/metrics'),
      (error: unknown) => S3Error.isS3Error(error) && error.code === 'MethodNotAllowed',
    );
  }
});
