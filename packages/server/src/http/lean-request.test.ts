/** Of a request's headers Node's server sees those that it decides by, as its own class of requests tells them. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { LeanRequest } from './lean-request.ts';

const ASKED_FOR = ['host', 'expect', 'te', 'content-length', 'transfer-encoding'];

/** What a server with requests of that class sees of a head. */
async function seen(t: TestContext, Request: typeof IncomingMessage, lines: string[]): Promise<unknown> {
  const server = createServer({ IncomingMessage: Request, requireHostHeader: false }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  t.after(() => socket.destroy());
  const arrived = new Promise<IncomingMessage>((resolve) => {
    for (const event of ['request', 'checkContinue', 'checkExpectation']) server.once(event, resolve);
  });
  socket.write(['GET / HTTP/1.1', ...lines, '', ''].join('\r\n'));
  const { headers } = await arrived;
  const all: Partial<Record<string, unknown>> = headers;
  return ASKED_FOR.map((name) => [name, name in headers, all[name]]);
}

for (const [what, lines] of Object.entries({
  none: [],
  'those of a read': ['Host: a', 'X-Amz-Date: 1', 'Authorization: x', 'Range: bytes=0-1'],
  'those of a write': ['HOST: a', 'content-Length: 3', 'EXPECT: 100-continue'],
  'a transfer coding': ['Host: a', 'Transfer-Encoding: chunked', 'TE: trailers'],
  'several of a name': ['Host: a', 'Host: b', 'Expect: x', 'Expect: 100-continue', 'TE: a', 'te: b'],
  'names of the same length': ['Hist: a', 'Expact: x', 'Tf: x', 'content_length: 1', 'transfer_encoding: x'],
}))
  test(`of ${what}`, async (t) => {
    assert.deepEqual(await seen(t, LeanRequest, lines), await seen(t, IncomingMessage, lines));
  });
