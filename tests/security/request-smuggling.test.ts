/**
 * @module Security: requests whose end a proxy and the server could see in different places. Each is sent with a second
 * request inside what one of them takes for its body, and with a third, of somebody else, behind it on the same
 * connection. The inner one is never answered; the third gets its own answer, or none and a closed connection.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { formatHead } from '../support/raw-http.ts';
import { objectPath, type S3RequestOptions } from '../support/s3.ts';
import { launchServer } from '../support/server-process.ts';
import { startTestServer } from '../support/server.ts';
import { exchange } from './raw-exchange.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
await s3.put(bucket, 'inner', 'SMUGGLED');
await s3.put(bucket, 'theirs', 'THEIRS');
await s3.put(bucket, 'key', 'KEY');

const UNSIGNED = { payload: 'UNSIGNED-PAYLOAD' };

function head(method: string, key: string, extra: string, options: S3RequestOptions = UNSIGNED): string {
  const request = s3.prepare(method, objectPath(bucket, key), options);
  return formatHead(method, request.target, request.headers).slice(0, -2) + extra;
}

const inner = (): string => head('GET', 'inner', '\r\n');
const theirs = (): string => head('GET', 'theirs', '\r\n');

interface Seen {
  readonly statuses: number[];
  readonly text: string;
}

/** Sends it with the request of somebody else behind it, and reads until that is answered, or never will be. */
async function seen(bytes: string): Promise<Seen> {
  const answers = await exchange(s3.endpoint, bytes + theirs(), ({ body }) => body.toString() === 'THEIRS');
  const text = answers.map(({ body }) => body.toString('latin1')).join('\n');
  assert.ok(!text.includes('SMUGGLED'), `the inner request was answered: ${JSON.stringify(bytes)}`);
  return { statuses: answers.map(({ status }) => status), text };
}

/** Refused with one answer, after which the connection is of no use to anybody. */
async function refused(bytes: string): Promise<void> {
  const { statuses, text } = await seen(bytes);
  assert.deepEqual(statuses, [400], `${JSON.stringify(bytes.slice(0, 2000))}: ${text}`);
  assert.match(text, /<Code>(?:InvalidRequest|RequestHeaderSectionTooLarge)<\/Code>/);
}

/** Understood as one request; the third is answered after it. */
async function served(bytes: string, status: number): Promise<void> {
  const { statuses, text } = await seen(bytes);
  assert.deepEqual(statuses, [status, 200], `${JSON.stringify(bytes)}: ${text}`);
  assert.ok(text.endsWith('THEIRS'));
}

const chunked = (data: string): string => `${data.length.toString(16)}\r\n${data}\r\n0\r\n\r\n`;

suite('lengths that are at odds, or none', () => {
  const lengths = [
    'Content-Length: 0\r\nContent-Length: N\r\n',
    'Content-Length: N\r\nContent-Length: 0\r\n',
    'Content-Length: N\r\nContent-Length: N\r\n',
    'Content-Length: 0, N\r\n',
    'Content-Length: N, N\r\n',
    'Content-Length: +N\r\n',
    'Content-Length: -1\r\n',
    'Content-Length: 0xN\r\n',
    'Content-Length: N.0\r\n',
    'Content-Length: 1e2\r\n',
    'Content-Length: N N\r\n',
    'Content-Length: "N"\r\n',
    'Content-Length: \r\n',
    'Content-Length: 18446744073709551616\r\n',
    'Content-Length: 99999999999999999999999999\r\n',
    'Content-Length : N\r\n',
    'Content-Length\t: N\r\n',
    'Content-Length: 0\r\n Content-Length: N\r\n',
    'Content-Length:\r\n N\r\n',
    'Content-Length: N\u0000\r\n',
    'Content-Length: \u000bN\r\n',
  ];
  for (const lines of lengths) {
    test(JSON.stringify(lines), async () => {
      for (const method of ['GET', 'PUT', 'POST', 'DELETE']) {
        const body = inner();
        await refused(`${head(method, 'key', lines.replaceAll('N', String(body.length)))}\r\n${body}`);
      }
    });
  }
});

suite('lengths and chunks, and chunks that are written otherwise', () => {
  const codings = [
    'Content-Length: N\r\nTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: chunked\r\nContent-Length: N\r\n',
    'Content-Length: 0\r\nTransfer-Encoding: chunked\r\n',
    'Content-Length: N\r\nTransfer-Encoding: identity\r\n',
    'Content-Length: N\r\nTransfer-Encoding: xchunked\r\n',
    'Content-Length: N\r\nTransfer-Encoding:\r\n',
    'Content-Length: N\r\nTransfer-Encoding : chunked\r\n',
    'Content-Length: N\r\n Transfer-Encoding: chunked\r\n',
    'Content-Length: N\r\nX: y\r\n\tTransfer-Encoding: chunked\r\n',
    'Content-Length: N\r\nX: y\nTransfer-Encoding: chunked\r\n',
    'Content-Length: N\r\nX: y\rTransfer-Encoding: chunked\r\n',
    'Content-Length: N\r\nTransfer-Encoding\u0000: chunked\r\n',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
    'Transfer-Encoding: identity\r\n',
    'Transfer-Encoding: chunked, identity\r\n',
    'Transfer-Encoding: xchunked\r\n',
    'Transfer-Encoding: "chunked"\r\n',
    'Transfer-Encoding: chunked;q=1\r\n',
    'Transfer-Encoding: \u000bchunked\r\n',
    'Transfer-Encoding: ch\u0000unked\r\n',
    'Transfer-Encoding:\r\n chunked\r\n',
    'Transfer-Encoding : chunked\r\n',
  ];
  for (const lines of codings) {
    test(JSON.stringify(lines), async () => {
      for (const method of ['GET', 'PUT', 'POST', 'DELETE']) {
        // For whoever reads chunks the body ends at once; for whoever reads a length, after the inner request.
        const body = `0\r\n\r\n${inner()}`;
        await refused(`${head(method, 'key', lines.replaceAll('N', String(body.length)))}\r\n${body}`);
      }
    });
  }

  test('one of a name that only looks so is no framing', async () => {
    for (const name of ['Transfer_Encoding', 'X-Transfer-Encoding', 'Transfer-Encodin', 'Content_Length']) {
      await served(`${head('GET', 'key', `${name}: chunked\r\n`)}\r\n`, 200);
    }
  });
});

suite('chunks', () => {
  const frame = (body: string): string =>
    `${head('PUT', 'chunked', 'Transfer-Encoding: chunked\r\n')}\r\n${body}`;
  const bad: Readonly<Record<string, () => string>> = {
    'a size with a sign': () => `+5\r\nhello\r\n0\r\n\r\n${inner()}`,
    'a size below zero': () => `-5\r\nhello\r\n0\r\n\r\n${inner()}`,
    'a size in the form of C': () => `0x5\r\nhello\r\n0\r\n\r\n${inner()}`,
    'a blank before the size': () => ` 5\r\nhello\r\n0\r\n\r\n${inner()}`,
    'no size': () => `\r\nhello\r\n0\r\n\r\n${inner()}`,
    'a size beyond 64 bits': () => `10000000000000005\r\nhello\r\n0\r\n\r\n${inner()}`,
    'a size of a hundred digits': () => `${'0'.repeat(99)}g\r\nhello\r\n0\r\n\r\n${inner()}`,
    'a line that ends in LF': () => `5\nhello\r\n0\r\n\r\n${inner()}`,
    'a line that ends in CR': () => `5\rhello\r\n0\r\n\r\n${inner()}`,
    'data that ends in LF': () => `5\r\nhello\n0\r\n\r\n${inner()}`,
    'data longer than said': () => `5\r\nhello!\r\n0\r\n\r\n${inner()}`,
    'an extension with a line in it': () => `5;a=b\nc\r\nhello\r\n0\r\n\r\n${inner()}`,
    'an extension with a quoted line in it': () => `5;a="b\nc"\r\nhello\r\n0\r\n\r\n${inner()}`,
    'a last chunk that ends in LF': () => `5\r\nhello\r\n0\n\n${inner()}`,
    'a trailer that ends in LF': () => `5\r\nhello\r\n0\r\na: b\n\n${inner()}`,
    'a trailer without a colon': () => `5\r\nhello\r\n0\r\nGET /inner HTTP/1.1\r\n\r\n${inner()}`,
  };
  for (const [what, body] of Object.entries(bad)) {
    test(what, async () => {
      // A GET may be answered before its body is looked at; the connection ends all the same.
      const read = await seen(`${head('GET', 'key', 'Transfer-Encoding: chunked\r\n')}\r\n${body()}`);
      assert.ok(['200', '400'].includes(read.statuses.join()), read.statuses.join());
      // A DELETE is not, although it has no use for one: what is answered with 400 is not done.
      await refused(`${head('DELETE', 'key', 'Transfer-Encoding: chunked\r\n')}\r\n${body()}`);
      assert.equal((await s3.object('HEAD', bucket, 'key')).status, 200);
      const { statuses } = await seen(frame(body()));
      assert.equal(statuses.length, 1, String(statuses));
      assert.ok((statuses[0] ?? 0) >= 400, String(statuses));
      assert.equal((await s3.object('HEAD', bucket, 'chunked')).status, 404);
    });
  }

  test('extensions are bounded', async () => {
    const { statuses } = await seen(frame(`5;${'a'.repeat(64 * 1024)}\r\nhello\r\n0\r\n\r\n`));
    assert.equal(statuses.length, 1);
    assert.ok((statuses[0] ?? 0) >= 400);
  });

  test('a length or a coding in the trailers changes nothing', async () => {
    for (const trailer of [
      'Content-Length: 500',
      'Transfer-Encoding: chunked',
      'Host: evil',
      'x-amz-acl: a',
    ]) {
      const body = `5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`;
      const { statuses } = await seen(`${head('GET', 'key', 'Transfer-Encoding: chunked\r\n')}\r\n${body}`);
      assert.ok(['400', '200', '200,200'].includes(statuses.join()), `${trailer}: ${statuses.join()}`);
    }
  });
});

suite('bodies that nobody reads', () => {
  for (const method of ['GET', 'DELETE', 'OPTIONS']) {
    test(`of ${method}: they are no requests`, async () => {
      const body = inner();
      for (const framed of [
        `Content-Length: ${body.length}\r\n\r\n${body}`,
        `Transfer-Encoding: chunked\r\n\r\n${chunked(body)}`,
      ]) {
        const { text } = await seen(head(method, 'missing', framed));
        assert.ok(text.endsWith('THEIRS'), text);
      }
    });
  }

  test('of requests that are refused for their signature, their length or their bucket', async () => {
    const body = inner();
    const wrong = { ...UNSIGNED, credentials: { ...s3.credentials, secretAccessKey: 'wrong-secret' } };
    for (const options of [wrong, { auth: 'anonymous' } as const, { ...UNSIGNED, query: 'nonsense' }]) {
      for (const framed of [
        `Content-Length: ${body.length}\r\n\r\n${body}`,
        `Transfer-Encoding: chunked\r\n\r\n${chunked(body)}`,
        `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n${body}`,
      ]) {
        const { statuses, text } = await seen(head('PUT', 'refused', framed, options));
        assert.ok((statuses[0] ?? 0) >= 400, text);
        // With `Expect` the connection is closed: the body may have come along, or not.
        assert.ok(statuses.length === 1 || text.endsWith('THEIRS'), text);
      }
    }
  });

  test('of an offer to upgrade, which ends the connection', async () => {
    for (const offer of ['h2c', 'websocket', 'TLS/1.0', 'HTTP/2.0']) {
      const lines = `Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nUpgrade: ${offer}\r\n`;
      const { statuses } = await seen(`${head('GET', 'key', lines)}\r\n${inner()}`);
      assert.deepEqual(statuses, [200], offer);
    }
  });
});

suite('heads that are read differently', () => {
  const lines = [
    'X: a\n',
    'X: a\r',
    'X: a\u0000b\r\n',
    'X: a\u0001b\r\n',
    'X: a\r\n b\r\n',
    'X: a\r\n\tb\r\n',
    ' X: a\r\n',
    'X\r\n',
    ': a\r\n',
    'X Y: a\r\n',
    'X\u00a0: a\r\n',
    'X(: a\r\n',
    'X : a\r\n',
    'X\n: a\r\n',
  ];
  for (const line of lines) {
    test(JSON.stringify(line), () => refused(`${head('GET', 'key', line)}\r\n`));
  }

  const path = objectPath(bucket, 'key');
  const first = [
    `GET ${path}\r\n`,
    `GET ${path} HTTP/0.9\r\n`,
    `GET ${path} HTTP/1.2\r\n`,
    `GET ${path} HTTP/2.0\r\n`,
    `GET ${path} HTTP/1.1 x\r\n`,
    `GET ${path} HTTP/01.1\r\n`,
    `GET ${path} http/1.1\r\n`,
    `GET ${path}\u0000 HTTP/1.1\r\n`,
    `GET ${path} x HTTP/1.1\r\n`,
    `GET\t${path} HTTP/1.1\r\n`,
    `get ${path} HTTP/1.1\r\n`,
    ` GET ${path} HTTP/1.1\r\n`,
    `GET ${path} HTTP/1.1\n`,
    `PRI * HTTP/2.0\r\n`,
    `G\u0000T ${path} HTTP/1.1\r\n`,
  ];
  for (const line of first) {
    test(JSON.stringify(line.replace(path, '/PATH')), async () => {
      const rest = head('GET', 'key', '\r\n').replace(/^.*\r\n/, '');
      await refused(line + rest);
    });
  }

  test('a target that names another host than the header, a host alone, or nothing', async () => {
    const rest = head('GET', 'key', '\r\n').replace(/^.*\r\n/, '');
    for (const target of [
      `http://elsewhere.example${path}`,
      `http://${s3.host}@elsewhere.example${path}`,
      `https://elsewhere.example:443${path}`,
    ]) {
      const { statuses, text } = await seen(`GET ${target} HTTP/1.1\r\n${rest}`);
      assert.equal(statuses[0], 400, `${target}: ${text}`);
      assert.match(text, /InvalidRequest/);
    }
    for (const line of [
      'GET * HTTP/1.1',
      `OPTIONS * HTTP/1.1`,
      `GET ${s3.host} HTTP/1.1`,
      `GET ftp://${s3.host}${path} HTTP/1.1`,
    ]) {
      const { statuses } = await seen(`${line}\r\n${rest}`);
      assert.ok((statuses[0] ?? 0) >= 400 && (statuses[0] ?? 0) < 500, `${line}: ${statuses.join()}`);
    }
    const connect = await seen(`CONNECT ${s3.host} HTTP/1.1\r\n${rest}${inner()}`);
    assert.ok(
      connect.statuses.every((status) => status >= 400 && status < 500),
      String(connect.statuses),
    );
  });

  test('HTTP/1.0 keeps no connection that it was not asked to keep', async () => {
    const old = head('GET', 'key', '\r\n').replace('HTTP/1.1', 'HTTP/1.0');
    const { statuses, text } = await seen(old);
    assert.deepEqual(statuses, [200]);
    assert.ok(text.startsWith('KEY'));
    const framed = head('PUT', 'old', 'Transfer-Encoding: chunked\r\n\r\n').replace('HTTP/1.1', 'HTTP/1.0');
    const chunks = await seen(`${framed}5\r\nhello\r\n0\r\n\r\n${inner()}`);
    assert.equal(chunks.statuses.length, 1);
  });
});

test('nothing that was refused was done, nor what was sent inside a body', async () => {
  for (const key of ['inner', 'theirs', 'key'])
    assert.equal((await s3.object('HEAD', bucket, key)).status, 200);
});

test('a process that was started with a lenient parser is as strict', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-security-'));
  const server = await launchServer({ dataDir, env: { NODE_OPTIONS: '--insecure-http-parser' } });
  try {
    const host = `Host: ${server.s3.host}\r\n`;
    for (const lines of [
      'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
      'X: a\u0001b\r\n',
      'X: a\r\n b\r\n',
    ]) {
      const answers = await exchange(
        server.endpoint,
        `GET / HTTP/1.1\r\n${host}${lines}\r\n0\r\n\r\n`,
        () => true,
      );
      assert.deepEqual(
        answers.map(({ status }) => status),
        [400],
        lines,
      );
    }
  } finally {
    await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  }
});
