/** One request of a connection at a time, on a real HTTP server and over a real connection. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { InOrder } from './in-order.ts';

/** A server that answers when it is told to, and a connection to it. */
class Fixture {
  readonly started: { request: IncomingMessage; response: ServerResponse }[] = [];
  /** Requests that Node has handed over, started or not. */
  parsed = 0;
  received = '';
  ended = false;
  readonly client: Socket;
  readonly #server: Server;
  #wake: (() => void) | undefined;

  static async open(waitingMax: number): Promise<Fixture> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Fixture(server, waitingMax);
  }

  private constructor(server: Server, waitingMax: number) {
    this.#server = server;
    const inOrder = new InOrder(waitingMax);
    server.on('request', (request, response) => {
      this.parsed++;
      inOrder.run(request, response, () => {
        this.started.push({ request, response });
        this.#wake?.();
      });
      this.#wake?.();
    });
    server.on('clientError', (_, socket: Socket) => {
      inOrder.afterGood(socket, () => socket.end('HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n'));
    });
    this.client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
    this.client.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
      this.#wake?.();
    });
    this.client.on('error', () => undefined);
    this.client.on('close', () => {
      this.ended = true;
      this.#wake?.();
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** The statuses and bodies that the client has got. */
  get answers(): string[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d+).*?\r\n\r\n([a-z0-9]*)/gs)].map(
      ([, status, body]) => `${status} ${body}`,
    );
  }

  close(): void {
    this.client.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const get = (path: string): string => `GET /${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
const put = (path: string, body: string): string =>
  `PUT /${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

async function withFixture(waitingMax: number, use: (fixture: Fixture) => Promise<void>): Promise<void> {
  const fixture = await Fixture.open(waitingMax);
  try {
    await use(fixture);
  } finally {
    fixture.close();
  }
}

test('a request starts when the one before it has been answered', async () => {
  await withFixture(10, async (fixture) => {
    fixture.client.write(get('a') + put('b', 'body') + get('c'));
    await fixture.until(() => fixture.parsed === 3);
    for (const [i, path] of ['a', 'b', 'c'].entries()) {
      await fixture.until(() => fixture.started.length > i);
      assert.equal(fixture.started.length, i + 1);
      const { request, response } = fixture.started[i] ?? assert.fail();
      assert.equal(request.url, `/${path}`);
      response.end(path);
    }
    await fixture.until(() => fixture.answers.length === 3);
    assert.deepEqual(fixture.answers, ['200 a', '200 b', '200 c']);
  });
});

/** Bodies that end within what is read at once, at its end, and far beyond it: each leaves the socket otherwise. */
const SIZES = [0, 60_000, 120_000, 180_000, 240_000];

test('nothing more is read while requests wait, whatever they are', async () => {
  const crowds = [
    Array.from({ length: 3000 }, () => get('x'.repeat(1000))),
    Array.from({ length: 3000 }, () => put('x', 'y'.repeat(1000))),
    ...Array.from({ length: 8 }, () =>
      Array.from({ length: 100 }, (_, i) => put('x', 'y'.repeat(SIZES[i % 5] ?? 0))),
    ),
  ];
  for (const crowd of crowds) {
    await withFixture(10_000, async (fixture) => {
      for (const one of crowd) fixture.client.write(one);
      for (const [i] of crowd.entries()) {
        await fixture.until(() => fixture.started.length > i);
        // 64 KiB are read at a time.
        assert.ok(fixture.parsed - i <= 80, `${fixture.parsed - i} requests are in memory`);
        const { request, response } = fixture.started[i] ?? assert.fail();
        request.resume();
        if (!request.complete) await once(request, 'end');
        await setImmediate();
        response.end('z');
      }
      await fixture.until(() => fixture.answers.length === crowd.length);
    });
  }
});

test('a connection with too many waiting requests is closed, and they are not started', async () => {
  await withFixture(3, async (fixture) => {
    fixture.client.write(get('a').repeat(6));
    await fixture.until(() => fixture.ended);
    assert.equal(fixture.started.length, 1);
  });
});

test('after an answer that ends the connection nothing is started', async () => {
  await withFixture(10, async (fixture) => {
    fixture.client.write(get('a') + put('b', 'body'));
    await fixture.until(() => fixture.parsed === 2);
    fixture.started[0]?.response.writeHead(200, { Connection: 'close', 'Content-Length': 1 }).end('a');
    await fixture.until(() => fixture.ended);
    assert.equal(fixture.started.length, 1);
    assert.deepEqual(fixture.answers, ['200 a']);
  });
});

test('what cannot be parsed is answered after the good requests before it', async () => {
  await withFixture(10, async (fixture) => {
    fixture.client.write(`${get('a')}${get('b')}GARBAGE\r\n\r\n`);
    for (const i of [0, 1]) {
      await fixture.until(() => fixture.started.length > i);
      assert.equal(fixture.received.includes('400'), false);
      fixture.started[i]?.response.end('ok');
    }
    await fixture.until(() => fixture.ended);
    assert.deepEqual(fixture.answers, ['200 ok', '200 ok', '400 ']);
  });
});

const BROKEN = 'PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzzz\r\n';

test('a body that cannot be parsed is answered in its turn', async () => {
  await withFixture(10, async (fixture) => {
    fixture.client.write(get('a') + BROKEN);
    await fixture.until(() => fixture.parsed === 2);
    fixture.started[0]?.response.end('ok');
    await fixture.until(() => fixture.ended);
    assert.deepEqual(fixture.answers, ['200 ok', '400 ']);
  });
});

test('a body that cannot be parsed closes the connection when its request has been answered', async () => {
  await withFixture(10, async (fixture) => {
    const end = BROKEN.indexOf('zzz');
    fixture.client.write(BROKEN.slice(0, end));
    await fixture.until(() => fixture.started.length === 1);
    fixture.started[0]?.response.end('early');
    await fixture.until(() => fixture.answers.length === 1);
    fixture.client.write(BROKEN.slice(end));
    await fixture.until(() => fixture.ended);
    assert.deepEqual(fixture.answers, ['200 early']);
  });
});

test('a connection that waits for its next request keeps nothing of those that it has served', async () => {
  const fixture = await Fixture.open(1);
  try {
    const served = [await serveOne(fixture), await serveOne(fixture)];
    await setImmediate();
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    const kept = served.flat().filter((each) => each.deref() !== undefined);
    assert.equal(kept.length, 0);
  } finally {
    fixture.close();
  }
});

async function serveOne(fixture: Fixture): Promise<WeakRef<object>[]> {
  fixture.client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await fixture.until(() => fixture.started.length === 1);
  const { request, response } = fixture.started.pop() as (typeof fixture.started)[0];
  response.end('a');
  await once(response, 'close');
  return [new WeakRef(request), new WeakRef(response)];
}
