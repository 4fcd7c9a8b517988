/**
 * @module What HTTP/1.1 asks of the server, beneath S3: RFC 9110 and RFC 9112.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';

import { expectStatus, leavesUnchanged } from '../support/expect.ts';
import { formatHead, RawConnection, type RawResponse } from '../support/raw-http.ts';
import { objectPath, type PreparedRequest, type S3RequestOptions } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
const body = randomBytes(100_000);
await s3.put(bucket, 'key', body);

function prepare(method: string, key: string, options: S3RequestOptions = {}): PreparedRequest {
  return s3.prepare(method, objectPath(bucket, key), options);
}

function codeOf(response: RawResponse): string | undefined {
  return text(response.body.toString(), 'Code');
}

/** The request as it stands on the wire, its body included. */
function wire(request: PreparedRequest, extra: readonly (readonly [string, string])[] = []): Buffer {
  const length: [string, string][] =
    request.body === undefined ? [] : [['content-length', String(request.body.length)]];
  const head = formatHead(request.method, request.target, [...request.headers, ...length, ...extra]);
  return Buffer.concat([Buffer.from(head, 'latin1'), request.body ?? Buffer.alloc(0)]);
}

async function withConnection(use: (connection: RawConnection) => Promise<void>): Promise<void> {
  const connection = await RawConnection.open(s3.endpoint);
  try {
    await use(connection);
  } finally {
    connection.close();
  }
}

/** The head of a PUT that waits for `100 Continue`. */
function expectHead(request: PreparedRequest, length: number): string {
  return formatHead('PUT', request.target, [
    ...request.headers,
    ['content-length', String(length)],
    ['expect', '100-continue'],
  ]);
}

test('Expect: 100-continue is answered, and then the body is taken', async () => {
  await withConnection(async (connection) => {
    const request = prepare('PUT', 'expected', { payload: 'UNSIGNED-PAYLOAD' });
    await connection.send(expectHead(request, body.length));
    assert.equal((await connection.read()).status, 100);
    await connection.send(body);
    assert.equal((await connection.read()).status, 200);
  });
  assert.ok((await s3.object('GET', bucket, 'expected')).body.equals(body));
});

test('a client that does not wait for 100 Continue is served too', async () => {
  await withConnection(async (connection) => {
    const request = prepare('PUT', 'impatient', { payload: 'UNSIGNED-PAYLOAD' });
    await connection.send(expectHead(request, 5));
    await connection.send('hello');
    let response = await connection.read();
    if (response.status === 100) response = await connection.read();
    assert.equal(response.status, 200);
  });
});

test('Expect: 100-continue is not answered before the request may be done', async () => {
  const wrong = { ...s3.credentials, secretAccessKey: 'wrong' };
  const refused: [PreparedRequest, number, string][] = [
    [
      prepare('PUT', 'refused', { payload: 'UNSIGNED-PAYLOAD', credentials: wrong }),
      403,
      'SignatureDoesNotMatch',
    ],
    [prepare('PUT', 'refused', { auth: 'anonymous' }), 403, 'AccessDenied'],
    [s3.prepare('PUT', '/no-such-bucket-here/k', { payload: 'UNSIGNED-PAYLOAD' }), 404, 'NoSuchBucket'],
    [prepare('PUT', 'x'.repeat(1025), { payload: 'UNSIGNED-PAYLOAD' }), 400, 'KeyTooLongError'],
    [
      prepare('PUT', 'refused', { payload: 'UNSIGNED-PAYLOAD', headers: { 'x-amz-acl': 'public-read' } }),
      501,
      'NotImplemented',
    ],
  ];
  for (const [request, status, code] of refused) {
    await withConnection(async (connection) => {
      await connection.send(expectHead(request, 1_000_000));
      const response = await connection.read();
      assert.deepEqual([response.status, codeOf(response)], [status, code]);
    });
  }
});

test('an expectation that nobody knows, or an empty one, changes nothing, as on S3', async () => {
  for (const expectation of ['a-miracle', '200', '']) {
    await withConnection(async (connection) => {
      await connection.send(wire(prepare('PUT', 'expectant', { body }), [['expect', expectation]]));
      assert.equal((await connection.read()).status, 200, expectation);
    });
  }
  assert.ok((await s3.object('GET', bucket, 'expectant')).body.equals(body));
});

test('HEAD sends no body, whatever its status, so that the next answer is where it belongs', async () => {
  await withConnection(async (connection) => {
    for (const [key, status] of [
      ['key', 200],
      ['missing', 404],
      ['key', 200],
    ] as const) {
      await connection.send(wire(prepare('HEAD', key)));
      const head = await connection.read({ bodyless: true });
      assert.equal(head.status, status);
      if (status === 200) assert.equal(head.headers.get('content-length'), String(body.length));
      await connection.send(wire(prepare('GET', key)));
      const get = await connection.read();
      assert.equal(get.status, status);
    }
  });
});

test('a connection is good for more after errors', async () => {
  await withConnection(async (connection) => {
    const wrong = { ...s3.credentials, secretAccessKey: 'wrong' };
    const requests: [PreparedRequest, number][] = [
      [prepare('GET', 'missing'), 404],
      [prepare('PUT', 'refused', { body: randomBytes(10_000), credentials: wrong }), 403],
      [prepare('PUT', 'refused', { body: 'x', headers: { 'content-md5': 'AAAA' } }), 400],
      [prepare('PUT', 'refused', { body: randomBytes(200_000), payload: 'a'.repeat(64) }), 400],
      [prepare('GET', 'key', { headers: { range: 'bytes=999999-' } }), 416],
      [s3.prepare('PUT', `/${bucket}`, { query: 'policy', body: '{}' }), 501],
      [prepare('GET', 'key', { headers: { 'if-none-match': '*' } }), 304],
      [prepare('GET', 'key'), 200],
    ];
    for (const [request, status] of requests) {
      await connection.send(wire(request));
      const response = await connection.read();
      assert.equal(response.status, status);
      assert.notEqual(response.headers.get('connection'), 'close');
    }
  });
});

test('a connection is good for more after a body that was refused in its middle', async () => {
  // Larger than what comes in one piece, and smaller than what is read to keep a connection.
  const rest = Buffer.alloc(900_000);
  const headers = {
    'x-amz-decoded-content-length': String(rest.length),
    'x-amz-trailer': 'x-amz-checksum-crc32',
  };
  const framed = Buffer.concat([Buffer.from('this is no chunk header\r\n'), rest]);
  const payload = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
  await withConnection(async (connection) => {
    await connection.send(wire(prepare('PUT', 'refused', { headers, payload, body: framed })));
    assert.equal((await connection.read()).status, 400);
    await connection.send(wire(prepare('GET', 'key')));
    assert.equal((await connection.read()).status, 200);
  });
});

test('a large refused body does not get mixed up with the next request', async () => {
  const wrong = { ...s3.credentials, secretAccessKey: 'wrong' };
  await withConnection(async (connection) => {
    const smuggled = wire(prepare('DELETE', 'key'));
    const padded = Buffer.concat([Buffer.alloc(3 << 20, 0x0a), smuggled]);
    await connection.send(wire(prepare('PUT', 'refused', { body: padded, credentials: wrong })));
    const response = await connection.read();
    assert.equal(response.status, 403);
    if (response.headers.get('connection') === 'close') await connection.closed();
  });
  expectStatus(await s3.object('HEAD', bucket, 'key'), 200);
});

/** The answer to a PUT that is refused by its head, to a client that reads when it has sent all pieces of the body. */
async function answerAfterAll(
  connection: RawConnection,
  headers: readonly (readonly [string, string])[],
  { pieces, pauseMs }: { pieces: readonly Buffer[]; pauseMs: number },
): Promise<RawResponse> {
  const request = s3.prepare('PUT', '/nobody-has-this/key', { payload: 'UNSIGNED-PAYLOAD' });
  connection.pause();
  await connection.send(formatHead('PUT', request.target, [...request.headers, ...headers]));
  for (const piece of pieces) {
    await setTimeout(pauseMs);
    await connection.send(piece);
  }
  connection.resume();
  const answer = await connection.read();
  assert.equal(codeOf(answer), 'NoSuchBucket');
  return answer;
}

test('a client that asks for the end of its connection can send all of a refused body before it reads', async () => {
  const piece = body.subarray(0, body.length / 10);
  const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
  const bodies = [
    [['content-length', String(body.length)], Array.from({ length: 10 }, () => piece)],
    [
      ['transfer-encoding', 'chunked'],
      [...Array.from({ length: 10 }, () => chunk), Buffer.from('0\r\n\r\n')],
    ],
  ] as const;
  for (const [framing, pieces] of bodies)
    await withConnection(async (connection) => {
      const headers = [framing, ['connection', 'close']] as const;
      const answer = await answerAfterAll(connection, headers, { pieces, pauseMs: 10 });
      assert.equal(answer.headers.get('connection'), 'close');
      await connection.closed();
    });
});

test('a client that is slow to send a large refused body can send all of it before it reads', async () => {
  const pieces = Array.from({ length: 8 }, () => Buffer.alloc(512 * 1024));
  const length = ['content-length', String(8 * 512 * 1024)] as const;
  await withConnection(async (connection) => {
    await answerAfterAll(connection, [length], { pieces, pauseMs: 300 });
    await connection.closed();
  });
});

test('pipelined requests are answered in their order', async () => {
  await s3.put(bucket, 'one', 'first');
  await s3.put(bucket, 'two', 'second');
  await withConnection(async (connection) => {
    const keys = ['one', 'two', 'missing', 'one'];
    await connection.send(Buffer.concat(keys.map((key) => wire(prepare('GET', key)))));
    const answers: string[] = [];
    for (const _ of keys) {
      const response = await connection.read();
      answers.push(response.status === 200 ? response.body.toString() : String(codeOf(response)));
    }
    assert.deepEqual(answers, ['first', 'second', 'NoSuchKey', 'first']);
  });
});

test('a pipelined request sees what those before it have done', async () => {
  await withConnection(async (connection) => {
    const methods = ['PUT', 'GET', 'DELETE', 'GET'];
    const requests = methods.map((method) =>
      wire(prepare(method, 'pipelined', method === 'PUT' ? { body: 'new' } : {})),
    );
    await connection.send(Buffer.concat(requests));
    const statuses: number[] = [];
    for (const _ of methods) statuses.push((await connection.read()).status);
    assert.deepEqual(statuses, [200, 200, 204, 404]);
  });
});

test('what follows a request, garbage or a body that is refused, leaves its answer whole', async () => {
  const large = randomBytes(2 << 20);
  await s3.put(bucket, 'whole', large);
  const wrong = { ...s3.credentials, secretAccessKey: 'wrong' };
  const followers: [Buffer, number][] = [
    [Buffer.from('GARBAGE\r\n\r\n'), 400],
    [wire(prepare('PUT', 'refused', { body: Buffer.alloc(3 << 20), credentials: wrong })), 403],
  ];
  for (const [follower, status] of followers) {
    await withConnection(async (connection) => {
      const sent = connection.send(Buffer.concat([wire(prepare('GET', 'whole')), follower]));
      const first = await connection.read();
      assert.equal(first.status, 200);
      assert.ok(first.body.equals(large));
      assert.equal((await connection.read()).status, status);
      await connection.closed();
      await sent;
    });
  }
});

test('a client that pipelines thousands of requests gets all answers', async () => {
  await withConnection(async (connection) => {
    const requests = 2000;
    const sent = connection.send(Buffer.concat(Array<Buffer>(requests).fill(wire(prepare('HEAD', 'key')))));
    for (let i = 0; i < requests; i++) assert.equal((await connection.read({ bodyless: true })).status, 200);
    await sent;
  });
});

test('an offer to upgrade is declined, and ends the connection after the answer', async () => {
  // The parser drops what came along with such a request: what follows it would be lost, or read from its middle.
  await withConnection(async (connection) => {
    const upgrade: [string, string][] = [
      ['connection', 'Upgrade'],
      ['upgrade', 'h2c'],
    ];
    await connection.send(
      Buffer.concat([wire(prepare('PUT', 'offer', { body: 'taken' }), upgrade), wire(prepare('GET', 'key'))]),
    );
    const response = await connection.read();
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('connection'), 'close');
    await connection.closed();
  });
  assert.equal((await s3.object('GET', bucket, 'offer')).text, 'taken');
});

test('Connection: close is obeyed', async () => {
  await withConnection(async (connection) => {
    await connection.send(wire(prepare('GET', 'key'), [['connection', 'close']]));
    const response = await connection.read();
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('connection'), 'close');
    await connection.closed();
  });
});

test('a request that arrives byte by byte is a request', async () => {
  await withConnection(async (connection) => {
    for (const byte of wire(prepare('GET', 'one'))) await connection.send(Buffer.of(byte));
    assert.equal((await connection.read()).body.toString(), 'first');
  });
});

test('headers that are too large are refused', async () => {
  const head = prepare('GET', 'key');
  const heads = [
    wire(head, [['x-padding', 'a'.repeat(100_000)]]),
    wire(
      head,
      Array.from({ length: 2000 }, (_, i): [string, string] => [`x-h${i}`, 'a'.repeat(50)]),
    ),
    Buffer.from(formatHead('GET', `/${bucket}/${'k'.repeat(100_000)}`, head.headers)),
  ];
  for (const bytes of heads) {
    await withConnection(async (connection) => {
      await connection.send(bytes);
      const response = await connection.read();
      assert.ok([400, 414, 431].includes(response.status), String(response.status));
      assert.equal(codeOf(response), 'RequestHeaderSectionTooLarge');
      await connection.closed();
    });
  }
});

test('what is not HTTP is answered with 400 and a closed connection', async () => {
  const host = `host: ${s3.host}\r\n`;
  const bad = [
    'GARBAGE\r\n\r\n',
    `GET\r\n${host}\r\n`,
    `GET / HTTP/9.9\r\n${host}\r\n`,
    `GET /a b HTTP/1.1\r\n${host}\r\n`,
    `GET / HTTP/1.1\r\n${host}no colon\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host} folded: x\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}bad name: x\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}x: a\u0000b\r\n\r\n`,
    `PUT /b/k HTTP/1.1\r\n${host}content-length: abc\r\n\r\n`,
    `PUT /b/k HTTP/1.1\r\n${host}content-length: -1\r\n\r\n`,
    `PUT /b/k HTTP/1.1\r\n${host}content-length: 1\r\ncontent-length: 2\r\n\r\nab`,
    `PUT /b/k HTTP/1.1\r\n${host}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    `PUT /b/k HTTP/1.1\r\n${host}transfer-encoding: gzip\r\n\r\nabc`,
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  ];
  for (const bytes of bad) {
    await withConnection(async (connection) => {
      await connection.send(bytes);
      connection.finish();
      const response = await connection.read();
      assert.ok(
        response.status >= 400 && response.status < 502,
        `${JSON.stringify(bytes)}: ${response.status}`,
      );
      await connection.closed();
    });
  }
  expectStatus(await s3.object('HEAD', bucket, 'key'), 200);
});

test('a request without a host is refused', async () => {
  await withConnection(async (connection) => {
    await connection.send(`GET /${bucket} HTTP/1.1\r\n\r\n`);
    assert.equal((await connection.read()).status, 400);
  });
});

test('a request with two hosts is refused, signed or not', async () => {
  const request = prepare('GET', 'key');
  for (const host of [s3.host, 'elsewhere.example']) {
    await withConnection(async (connection) => {
      await connection.send(wire(request, [['host', host]]));
      const response = await connection.read();
      assert.deepEqual([response.status, codeOf(response)], [400, 'InvalidRequest']);
    });
  }
});

test('a framed body may come by Transfer-Encoding: chunked when its decoded length is told', async () => {
  const headers = { 'x-amz-decoded-content-length': '5', 'x-amz-trailer': 'x-amz-checksum-crc32' };
  const request = prepare('PUT', 'twice-chunked', { headers, payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' });
  const framed = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';
  await withConnection(async (connection) => {
    await connection.send(
      formatHead('PUT', request.target, [...request.headers, ['transfer-encoding', 'chunked']]),
    );
    await connection.send(`${framed.length.toString(16)}\r\n${framed}\r\n0\r\n\r\n`);
    const response = await connection.read();
    assert.equal(response.status, 200, response.body.toString());
  });
  assert.equal((await s3.object('GET', bucket, 'twice-chunked')).text, 'hello');
});

test('a client that vanishes while it reads disturbs nobody', async () => {
  const large = randomBytes(16 << 20);
  await s3.put(bucket, 'large', large);
  for (let i = 0; i < 5; i++) {
    await withConnection(async (connection) => {
      await connection.send(wire(prepare('GET', 'large')));
      connection.abort();
    });
  }
  assert.ok((await s3.object('GET', bucket, 'large')).body.equals(large));
});

test('every answer has a request id of its own, and a date', async () => {
  const ids = new Set<string>();
  for (const key of ['key', 'missing', 'key']) {
    const response = await s3.object('GET', bucket, key);
    ids.add(response.headers['x-amz-request-id'] ?? '');
    assert.ok(Number.isFinite(Date.parse(response.headers['date'] ?? '')));
  }
  assert.equal(ids.size, 3);
  assert.ok(!ids.has(''));
});

test('bytes above ASCII in metadata come back as they were sent', async () => {
  const value = Buffer.from('grün – 日本', 'utf8').toString('latin1');
  await s3.put(bucket, 'utf8-meta', 'x', { 'x-amz-meta-text': value });
  await withConnection(async (connection) => {
    await connection.send(wire(prepare('HEAD', 'utf8-meta')));
    const response = await connection.read({ bodyless: true });
    assert.equal(response.headers.get('x-amz-meta-text'), value);
  });
});

test('a refused request changes nothing, though its body was sent', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    await withConnection(async (connection) => {
      await connection.send(wire(prepare('PUT', 'key', { auth: 'anonymous', body: 'overwritten' })));
      assert.equal((await connection.read()).status, 403);
    });
  });
});
