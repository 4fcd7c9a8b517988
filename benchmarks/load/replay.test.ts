/** @module Tests of the load generators: what they send, how they count, when they end. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { RequestFile } from '../requests.ts';
import { replayWithNode } from './node-replay.ts';
import { hasWrk, type ReplayOptions, type ReplayResult } from './replay.ts';
import { replayHeadWithWrk, replayWithWrk } from './wrk.ts';

const BODY_BYTES = 4096;

/** A server that remembers targets and bodies, and fails what has `bad` in its key. */
async function startRecorder(t: TestContext, announced = 0, headers: OutgoingHttpHeaders = {}) {
  const targets: string[] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      targets.push(request.url ?? '');
      bodies.push(Buffer.concat(chunks).toString('latin1'));
      response
        .writeHead(request.url?.includes('bad') ? 403 : 200, { 'content-length': announced, ...headers })
        .end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: new URL(`http://127.0.0.1:${port}`), targets, bodies };
}

function writePuts(t: TestContext, keys: readonly string[]): RequestFile {
  const directory = mkdtempSync(join(tmpdir(), 'cistern-replay-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'requests');
  const bodyPath = join(directory, 'body');
  const heads = keys.map((key) => `PUT ${key} HTTP/1.1\r\nhost: x\r\ncontent-length: ${BODY_BYTES}\r\n\r\n`);
  writeFileSync(path, heads.join(''));
  writeFileSync(bodyPath, randomBytes(BODY_BYTES));
  return { method: 'PUT', path, bodyPath, count: keys.length };
}

const GENERATORS: readonly [string, string | false, (options: ReplayOptions) => Promise<ReplayResult>][] = [
  ['node', false, replayWithNode],
  ['wrk', hasWrk() ? false : 'wrk is not installed', replayWithWrk],
];

for (const [name, skip, replay] of GENERATORS) {
  test(
    `${name} begins again at the end of the file, with bodies that are all different`,
    { skip },
    async (t) => {
      const { endpoint, targets, bodies } = await startRecorder(t);
      const requests = writePuts(t, ['/b/0', '/b/1', '/b/2']);
      const result = await replay({ endpoint, requests, connections: 2, seconds: 1, once: false });
      assert.equal(result.errors, 0);
      assert.equal(result.answeredFromStart, 3);
      assert.ok(result.requests > 3 && result.requests <= targets.length);
      assert.deepEqual([...new Set(targets)].toSorted(), ['/b/0', '/b/1', '/b/2']);
      assert.ok(bodies.every((body) => body.length === BODY_BYTES));
      assert.equal(new Set(bodies).size, bodies.length);
    },
  );

  test(`${name} counts answers that are no success`, { skip }, async (t) => {
    const { endpoint } = await startRecorder(t);
    const requests = writePuts(t, ['/b/bad']);
    const result = await replay({ endpoint, requests, connections: 1, seconds: 1, once: false });
    assert.ok(result.errors > 0);
    assert.equal(result.errors, result.requests);
  });

  test(`${name} ends with the file when told to send it once`, { skip }, async (t) => {
    const { endpoint, targets } = await startRecorder(t);
    const requests = writePuts(
      t,
      Array.from({ length: 200 }, (_, index) => `/b/${index}`),
    );
    const result = await replay({ endpoint, requests, connections: 1, seconds: 30, once: true });
    assert.ok(result.seconds < 15, 'it did not wait for its time to pass');
    // wrk has to send something where the file ends.
    assert.ok(targets.length <= new Set(targets).size + 1, 'next to nothing twice');
    assert.equal(targets[0], '/b/0', 'it begins at the beginning');
    assert.ok(result.requests >= 200 - 1, `${result.requests} of 200 answered`);
  });
}

test('node sends every request exactly once', async (t) => {
  const { endpoint, targets } = await startRecorder(t);
  const keys = Array.from({ length: 500 }, (_, index) => `/b/${index}`);
  const requests = writePuts(t, keys);
  const result = await replayWithNode({ endpoint, requests, connections: 16, seconds: Infinity, once: true });
  assert.equal(result.requests, 500);
  assert.deepEqual(targets.toSorted(), keys.toSorted());
});

for (const connection of ['keep-alive', 'close']) {
  test(
    `HEAD is replayed from the beginning again and again, though its answers announce bodies (${connection})`,
    { skip: hasWrk() ? false : 'wrk is not installed' },
    (t) => replaysHead(t, connection),
  );
}

async function replaysHead(t: TestContext, connection: string): Promise<void> {
  const { endpoint, targets } = await startRecorder(t, BODY_BYTES, { connection });
  const heads = ['/b/0', '/b/1', '/b/bad'].map((key) => `HEAD ${key} HTTP/1.1\r\nhost: x\r\n\r\n`);
  const path = join(mkdtempSync(join(tmpdir(), 'cistern-replay-')), 'requests');
  t.after(() => rmSync(dirname(path), { recursive: true }));
  writeFileSync(path, heads.join(''));
  const requests: RequestFile = { method: 'HEAD', path, bodyPath: undefined, count: heads.length };
  const result = await replayHeadWithWrk({ endpoint, requests, connections: 4, seconds: 1, once: false });
  assert.ok(result.requests > 8 && result.requests <= targets.length);
  assert.deepEqual([...new Set(targets)].toSorted(), ['/b/0', '/b/1', '/b/bad']);
  assert.ok(
    Math.abs(result.errors - result.requests / 3) <= 4,
    `${result.errors} of ${result.requests} failed`,
  );
  assert.ok(result.p50_ms > 0 && result.p50_ms <= result.p99_ms);
}
