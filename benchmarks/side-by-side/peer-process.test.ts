/** @module Tests of peers that are started by their command. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Target } from '../target.ts';
import { startPeer } from './peer-process.ts';

test('it is there when it has answered, and all that it started ends with it', async (t) => {
  const { target, log } = await nobody(t);
  const script = `require('http').createServer((q,s)=>s.end()).listen(${target.endpoint.port},'127.0.0.1')`;
  // The server is a child of the shell, as those that a script starts.
  const peer = await startPeer(`"${process.execPath}" -e "${script}" & wait`, target, log);
  assert.ok(peer.startMilliseconds > 0);
  assert.equal((await fetch(target.endpoint)).status, 200);
  await peer.stop();
  await assert.rejects(fetch(target.endpoint));
});

test('one that ends at once is told with what it said', async (t) => {
  const { target, log } = await nobody(t);
  await assert.rejects(
    startPeer('echo no such option; exit 1', target, log),
    /peer did not start.*\n.*no such option/s,
  );
});

/** An address of this machine where nobody listens. */
async function nobody(t: TestContext): Promise<{ target: Target; log: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'cistern-peer-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const endpoint = new URL(`http://127.0.0.1:${port}`);
  const keys = { accessKeyId: 'id', secretAccessKey: 'secret', region: 'us-east-1' };
  return { target: { name: 'peer', endpoint, ...keys }, log: join(directory, 'log') };
}
