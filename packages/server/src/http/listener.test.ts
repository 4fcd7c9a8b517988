/** Connections as they are: requests come, and answers go, in pieces that HTTP knows nothing of. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { makeCertificate } from '../../../../tests/clients/certificate.ts';
import { GatewayMetrics } from '../admin/metrics.ts';
import { LIMITS } from '../limits.ts';
import { listen } from './listener.ts';
import type { Handler } from './listener.ts';

/** More than the system keeps of what a client does not read. */
const LARGE = Buffer.alloc(64 * 1024 * 1024);
const SMALL = 'x'.repeat(50_000);
const put = `PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${SMALL.length}\r\n\r\n${SMALL}`;

// First: what the others leave may end while the timers are not real.
test('over TLS, a client that has ended its direction is let go once nothing was written to it for long', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const begun = Promise.withResolvers<ServerResponse>();
  const gateway: Handler = {
    drain: () => undefined,
    nextRequestId: () => 'ID',
    handle: async (_, response) => begun.resolve(response),
  };
  const tls = makeCertificate();
  const metrics = new GatewayMetrics();
  const options = { host: '127.0.0.1', port: 0, reusePort: false, stalledMs: 0 };
  const listener = await listen({ ...options, tls, gateway, metrics });
  const raw = connectPlain({ host: '127.0.0.1', port: listener.port, allowHalfOpen: true });
  const client = connect({ socket: raw, host: '127.0.0.1', ca: tls.cert });
  t.after(async () => {
    t.mock.timers.reset();
    client.destroy();
    raw.destroy();
    await listener.close(0);
  });
  await once(client, 'secureConnect');
  client.end('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const response = await begun.promise;
  const ended = once(response.req.socket, 'end');
  response.req.resume();
  await ended;
  response.write('some');
  await once(client, 'data');
  t.mock.timers.tick(LIMITS.endedSilentMs);
  assert.equal(metrics.connections, 1, 'something was written to it');
  const gone = once(client, 'close');
  t.mock.timers.tick(LIMITS.endedSilentMs);
  await gone;
  assert.equal(metrics.connections, 0);
});

test('over TLS, requests that come while an answer is stuck are served after it', async (t) => {
  const stuck = Promise.withResolvers<ServerResponse>();
  const gateway: Handler = {
    drain: () => undefined,
    nextRequestId: () => 'ID',
    handle: async (request, response) => {
      if (request.method === 'GET') {
        response.writeHead(200, { 'Content-Length': LARGE.length });
        response.write(LARGE);
        stuck.resolve(response);
        return;
      }
      let length = 0;
      for await (const chunk of request) length += (chunk as Buffer).length;
      response.end(`[${length}]`);
    },
  };
  const tls = makeCertificate();
  const options = { host: '127.0.0.1', port: 0, reusePort: false, stalledMs: 0 };
  const listener = await listen({ ...options, tls, gateway, metrics: new GatewayMetrics() });
  const client = connect({ host: '127.0.0.1', port: listener.port, ca: tls.cert });
  t.after(async () => {
    client.destroy();
    await listener.close(0);
  });
  await once(client, 'secureConnect');
  client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const response = await stuck.promise;
  client.write(put.repeat(40));
  // The server, in this thread, reads what is there at every turn.
  for (let turn = 0; turn < 100; turn++) await setImmediate();
  response.end();
  let length = 0;
  let end = '';
  const answer = `[${SMALL.length}]`;
  for await (const chunk of client) {
    length += (chunk as Buffer).length;
    if (length > LARGE.length) end += (chunk as Buffer).toString('latin1');
    if (end.includes('400 Bad') || end.split(answer).length > 40) break;
  }
  assert.equal(end.split(answer).length, 41, end.replaceAll('\0', '').slice(0, 1000));
});

/** Timers of the server's connections at a port, as Linux names them: 2 is that of keep-alive. */
function timersAt(port: number): string[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, at = '', , state]) => at.endsWith(local) && state === '01')
    .map((columns) => (columns[5] ?? '').slice(0, 2));
}

const skip = process.platform === 'linux' ? false : 'only Linux tells the timers of a connection';

test('the system looks after the other side of a silent connection', { skip }, async (t) => {
  const asked = Promise.withResolvers<void>();
  const gateway: Handler = {
    drain: () => undefined,
    nextRequestId: () => 'ID',
    handle: async () => asked.resolve(),
  };
  const options = { host: '127.0.0.1', port: 0, reusePort: false, stalledMs: 0, tls: null };
  const listener = await listen({ ...options, gateway, metrics: new GatewayMetrics() });
  const client = connectPlain({ host: '127.0.0.1', port: listener.port });
  t.after(async () => {
    client.destroy();
    await listener.close(0);
  });
  client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  await asked.promise;
  assert.deepEqual(timersAt(listener.port), ['02']);
});
