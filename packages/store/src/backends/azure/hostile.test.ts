/** The Azure backend against a service that answers what none should: errors, and neither wrong bytes nor no end. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { OutgoingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { azure } from '../../azure.ts';
import { isStoreError } from '../../errors.ts';
import type { StoreErrorCode } from '../../errors.ts';
import { readAll, toSource } from '../../body.ts';
import type { ListEntry, ListOptions } from '../../object-store.ts';

let answerWith: RequestListener = () => undefined;
const server = createServer((...exchange) => answerWith(...exchange)).listen(0, '127.0.0.1');
await once(server, 'listening');
const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/acc`;
const store = azure({ endpoint, container: 'box', credential: 'anonymous' });
after(async () => {
  await store.close();
  server.closeAllConnections();
  server.close();
});

const STATE = { etag: '"e"', 'last-modified': 'Sat, 21 Nov 2026 10:00:00 GMT' };

function rejects(promise: Promise<unknown>, code: StoreErrorCode): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(isStoreError(error, code), `${code} was expected: ${String(error)}`);
    return true;
  });
}

function answer(status: number, headers: OutgoingHttpHeaders, body: string): void {
  answerWith = (_request, response) => void response.writeHead(status, headers).end(body);
}

/** Until the connection is closed, or half a gibibyte was taken. */
function sendForever(response: ServerResponse): void {
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  let left = 512;
  const send = (): void => {
    if (response.destroyed) return;
    if (left-- === 0) response.end();
    else response.write(chunk, send);
  };
  send();
}

/** @param next where the listing goes on */
function list(name: string, next: string, options?: ListOptions): Promise<ListEntry[]> {
  const properties =
    '<Last-Modified>Sat, 21 Nov 2026 10:00:00 GMT</Last-Modified><Etag>0x8D</Etag><Content-Length>7</Content-Length>';
  const blob = `<Blob>${name}<Properties>${properties}</Properties></Blob>`;
  answer(
    200,
    {},
    `<EnumerationResults><Blobs>${blob}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`,
  );
  return Array.fromAsync(store.list(options));
}

test('other bytes than those that were asked for are not given', async () => {
  const range = { start: 10, end: 20 };
  answer(206, { ...STATE, 'content-range': 'bytes 0-9/100', 'content-length': 10 }, '0123456789');
  await rejects(store.get('a', { range }), 'Unexpected');
  answer(200, { ...STATE, 'content-length': 30 }, '0123456789'.repeat(3));
  await rejects(store.get('a', { range }), 'Unexpected');
});

test('a condition that was ignored, and an answer about no state, are noticed', async () => {
  answer(200, { ...STATE, 'content-length': 3 }, 'abc');
  await rejects(store.get('a', { ifMatch: 'other' }), 'PreconditionFailed');
  await rejects(store.readInto('a', new Uint8Array(3), { ifMatch: 'other' }), 'PreconditionFailed');
  answer(200, { 'content-length': 3 }, 'abc');
  await rejects(store.get('a'), 'Unexpected');
});

test('ranges of another state are not mixed in', async () => {
  const size = 20 * 1024 * 1024;
  let count = 0;
  answerWith = ({ headers }, response) => {
    const [, first = '', last = ''] = /bytes=(\d+)-(\d+)/.exec(String(headers['x-ms-range'])) ?? [];
    const end = Math.min(size, Number(last) + 1);
    response.writeHead(206, {
      ...STATE,
      etag: `"${++count}"`,
      'content-range': `bytes ${first}-${end - 1}/${size}`,
    });
    response.end(Buffer.alloc(end - Number(first)));
  };
  await rejects(store.readInto('a', new Uint8Array(size)), 'Conflict');
});

test('an answer without end is not collected, and not waited for', async () => {
  answerWith = (_request, response) => {
    sendForever(response.writeHead(500));
  };
  await rejects(store.readInto('a', new Uint8Array(10)), 'Unavailable');
  answerWith = (_request, response) => {
    sendForever(response);
  };
  await rejects(Array.fromAsync(store.list()), 'Unexpected');
});

test('a listing that gives a page again ends with an error', async () => {
  await rejects(list('<Name>a</Name>', 'x'), 'Unexpected');
});

test('names that are not encoded as they say, and characters that are none', async () => {
  await rejects(list('<Name Encoded="true">%zz</Name>', ''), 'Unexpected');
  const [entry] = await list('<Name>&#x110000;&#xd800;&#65;</Name>', '');
  assert.equal(entry?.type === 'object' && entry.key, '&#x110000;&#xd800;A');
  answer(500, {}, '<Error><Code>&#x110000;</Code></Error>');
  await rejects(store.get('a'), 'Unavailable');
});

test('what cannot be sent is the caller’s mistake, or names nothing', async () => {
  await rejects(store.get('a', { ifMatch: 'x\r\nx-ms-meta-b: c' }), 'InvalidArgument');
  assert.deepEqual(await list('<Name>a</Name>', '', { prefix: '\ud800' }), []);
});

test('a page with a byte order mark, and characters cut between chunks', async () => {
  const page = `\uFEFF<EnumerationResults><Blobs><Blob><Name>\u{1f600}</Name><Content-Length>1</Content-Length></Blob></Blobs></EnumerationResults>`;
  const bytes = await readAll(toSource(page));
  answerWith = (_request, response) => {
    const cut = bytes.indexOf(0xf0) + 2;
    response.write(bytes.subarray(0, cut), () => response.end(bytes.subarray(cut)));
  };
  const [entry] = await Array.fromAsync(store.list());
  assert.equal(entry?.type === 'object' && entry.key, '\u{1f600}');
});
