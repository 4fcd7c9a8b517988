/** One request and its response on a real connection, both ends in the test's hands, with a clock for the guard. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';

import { RawHeaders } from '@cistern/protocol';
import { ThroughputGuard } from './throughput-guard.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly headers: RawHeaders;
  /** Whether the client waits to be told to go on. */
  readonly expectsContinue: boolean;
  readonly client: Socket;
  /** Everything that the client has got so far, as latin1. */
  readonly received: () => string;
  /** Resolves to everything that the client has got, as latin1, once that matches. */
  readonly got: (pattern: RegExp) => Promise<string>;
  readonly guard: ThroughputGuard;
  /** Moves the clock of the guard, which then looks: a transfer has to move 1000 bytes a second over 10 s. */
  readonly pass: (milliseconds: number) => void;
}

/** Sends `headers` and what follows them; resolves when the request has arrived. */
export async function exchange(
  t: TestContext,
  headers: Readonly<Record<string, string>> = {},
  after: string | Buffer = '',
): Promise<Exchange> {
  let nowMs = 0;
  const guard = new ThroughputGuard({ bytesPerSecondMin: 1000, windowMs: 10_000 }, () => nowMs);
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  client.on('error', () => undefined);
  t.after(() => {
    guard.close();
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  let received = '';
  client.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
  const got = async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(received)) await once(client, 'data');
    return received;
  };
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}`);
  client.write(`PUT / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  client.write(after);
  const arrived = Promise.withResolvers<[IncomingMessage, ServerResponse, boolean]>();
  server.on('request', (request, response) => arrived.resolve([request, response, false]));
  server.on('checkContinue', (request, response) => arrived.resolve([request, response, true]));
  const [request, response, expectsContinue] = await arrived.promise;
  const pass = (milliseconds: number): void => {
    nowMs += milliseconds;
    guard.look();
  };
  return {
    request,
    response,
    headers: new RawHeaders(request.rawHeaders),
    expectsContinue,
    client,
    received: () => received,
    got,
    guard,
    pass,
  };
}
