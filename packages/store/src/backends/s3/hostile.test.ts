/** The S3 backend against a service that answers what no service should: errors, and neither wrong bytes nor no end. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { isStoreError } from '../../errors.ts';
import type { StoreErrorCode } from '../../errors.ts';
import type { ListEntry, ListOptions } from '../../object-store.ts';
import { retry } from '../../layers/retry.ts';
import { s3 } from '../../s3.ts';
import { S3Client } from './client.ts';

let answerWith: RequestListener = () => undefined;
const server = createServer((...exchange) => answerWith(...exchange)).listen(0, '127.0.0.1');
await once(server, 'listening');
const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const store = s3({ bucket: 'box', endpoint, region: 'here', credentials });
after(async () => {
  await store.close();
  server.closeAllConnections();
  server.close();
});

function rejects(promise: Promise<unknown>, code: StoreErrorCode, kind = 'permanent'): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(isStoreError(error, code), `${code} was expected: ${String(error)}`);
    assert.equal(error.retry, kind);
    return true;
  });
}

function answer(status: number, headers: OutgoingHttpHeaders, body: string): void {
  answerWith = (_request, response) => void response.writeHead(status, headers).end(body);
}

const object = (key: string, size = '1'): string =>
  `<Contents><Key>${key}</Key><Size>${size}</Size><LastModified>2026-11-21T10:00:00Z</LastModified></Contents>`;
const more = (token: string): string =>
  `<IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken>`;

/** @param pages by the token that asks for them */
function list(pages: Record<string, string>, options?: ListOptions): Promise<ListEntry[]> {
  answerWith = ({ url = '' }, response) => {
    const token = new URL(url, endpoint).searchParams.get('continuation-token') ?? '';
    response.end(`<ListBucketResult>${pages[token] ?? ''}</ListBucketResult>`);
  };
  return Array.fromAsync(store.list(options));
}

test('an error without end is not collected', async () => {
  let sent = 0;
  answerWith = (_request, response) => {
    response.writeHead(500);
    sendForever(response, (bytes) => {
      sent += bytes;
    });
  };
  await rejects(store.get('a').bytes(), 'Unavailable', 'temporary');
  assert.ok(sent < 256 * 1024 * 1024, `${sent} bytes were taken`);
});

/** Until the connection is closed, or half a gibibyte was taken. */
function sendForever(response: ServerResponse, count: (bytes: number) => void): void {
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  let left = 512;
  const send = (): void => {
    if (response.destroyed) return;
    if (left-- === 0) {
      response.end();
      return;
    }
    count(chunk.byteLength);
    response.write(chunk, send);
  };
  send();
}

test('a checksum that is none is no checksum', async () => {
  answer(200, { etag: '"e"', 'content-length': 3, 'x-amz-checksum-crc32': '========' }, 'abc');
  assert.equal(await store.get('a').text(), 'abc');
});

test('other bytes than the checksum says are never taken for the object, however often they are asked for', async () => {
  const patient = retry({ attempts: 2 }, store);
  let count = 0;
  answerWith = ({ headers }, response) => {
    count++;
    const sum = { etag: '"e"', 'content-length': 3, 'x-amz-checksum-crc32': 'AAAAAA==' };
    if (headers.range === undefined) response.writeHead(200, sum).end('abc');
    else response.writeHead(206, { ...sum, 'content-range': 'bytes 0-2/3' }).end('abc');
  };
  await rejects(patient.get('a').text(), 'Corrupt', 'temporary');
  count = 0;
  const into = new Uint8Array(3);
  await rejects(patient.readInto('a', [{ start: 0, into }], { whole: true }), 'Corrupt', 'temporary');
  assert.equal(count, 2, 'once more, and as a whole');
});

test('an answer without an etag is none about an object, and its connection is let go of', async () => {
  let closed: Promise<unknown> | undefined;
  answerWith = (request, response) => {
    closed = once(request.socket, 'close');
    response.writeHead(200, { 'content-length': 1000 });
    if (request.method === 'HEAD') response.end();
    else response.write('<html>');
  };
  await rejects(store.get('a').text(), 'Unexpected');
  await closed;
  await rejects(store.head('a'), 'Unexpected');
});

test('a listing that gives a page again, or goes back, ends with an error', async () => {
  await rejects(list({ '': object('a') + more('x'), x: object('b') + more('x') }), 'Unexpected');
  await rejects(list({ '': more('x'), x: more('x') }), 'Unexpected');
  await rejects(
    list({ '': object('a') + more('x'), x: object('c') + more('y'), y: object('b') + more('x') }),
    'Unexpected',
  );
});

test('a listing in the order of UTF-16 goes on', async () => {
  const pages = { '': object('\u{1f600}') + more('x'), x: object('\uff5e') };
  assert.equal((await list(pages)).length, 2);
});

test('a listing that goes on without saying where does not pass for a whole one', async () => {
  await rejects(list({ '': `${object('a')}<IsTruncated>true</IsTruncated>` }), 'Unexpected');
});

test('names that are none, or were not asked for, and sizes that are none', async () => {
  const encoded = '<EncodingType>url</EncodingType>';
  await rejects(list({ '': encoded + object('%zz') }), 'Unexpected');
  await rejects(list({ '': object('b') }, { prefix: 'a/' }), 'Unexpected');
  await rejects(list({ '': object('a', '-5') }), 'Unexpected');
  await rejects(list({ '': object('') }), 'Unexpected');
});

test('a deletion that fails under another name fails', async () => {
  answer(200, {}, '<DeleteResult><Error><Key>x</Key><Code>AccessDenied</Code></Error></DeleteResult>');
  for await (const { error } of store.delete(['a', 'b'])) assert.ok(isStoreError(error, 'Unexpected'));
});

test('conditions that cannot be sent are the caller’s mistake, and not worth another try', async () => {
  answer(200, { etag: '"e"', 'content-length': 3 }, 'abc');
  for (const ifMatch of ['x\r\nx-amz-acl: public-read', '\u20ac'])
    await rejects(store.get('a', { ifMatch }).text(), 'InvalidArgument');
});

test('a version may be any text', async () => {
  const asked: (string | undefined)[] = [];
  answerWith = ({ url }: IncomingMessage, response) => {
    asked.push(url);
    response.writeHead(404).end();
  };
  await rejects(store.get('a', { version: '\ud800&x=y' }).text(), 'NotFound');
  assert.deepEqual(asked, ['/box/a?versionId=%EF%BF%BD%26x%3Dy']);
});

test('a region that is none is not learnt: it would lead to another host', async () => {
  let asked = 0;
  answerWith = (_request, response) => {
    asked++;
    response
      .writeHead(301, { 'x-amz-bucket-region': 'x.example/' })
      .end('<Error><Code>PermanentRedirect</Code></Error>');
  };
  await using client = disposable(
    new S3Client({
      bucket: 'box',
      endpoint,
      region: 'here',
      addressing: 'path',
      connections: 1,
      signPayloads: true,
      credentials,
    }),
  );
  await rejects(client.value.send({ operation: 'get', method: 'GET' }), 'InvalidArgument');
  assert.deepEqual([asked, client.value.region], [1, 'here']);
  assert.throws(() => s3({ bucket: 'box', region: 'x.example/#', credentials }), { code: 'InvalidArgument' });
});

function disposable(value: S3Client): AsyncDisposable & { value: S3Client } {
  return { value, [Symbol.asyncDispose]: () => value.close() };
}
