/** Versions of blobs, which Azurite does not keep: what is asked for, and what is made of the answers. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { azure } from '../../azure.ts';

const VERSION = '2026-11-21T10:00:00.0000000Z';

test('versions are named in reads and copies, and told of writes', async () => {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, answer) => {
    asked.push(request);
    request.resume();
    answer.setHeader('etag', '"0x8D"').setHeader('last-modified', 'Sat, 21 Nov 2026 10:00:00 GMT');
    answer.setHeader('x-ms-version-id', VERSION);
    if (request.method === 'PUT') answer.writeHead(201).end();
    else answer.writeHead(200, { 'content-length': '5' }).end(request.method === 'HEAD' ? '' : 'hello');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accountKey = Buffer.from('key').toString('base64');
  const store = azure({
    endpoint: `http://127.0.0.1:${port}/acc`,
    accountKey,
    container: 'box',
    versions: true,
  });
  const versionOf = ({ url = '' }: IncomingMessage): string | null =>
    new URL(url, 'http://x').searchParams.get('versionid');

  assert.equal((await store.put('a', 'hello')).version, VERSION);
  const read = await store.get('a', { version: VERSION });
  assert.equal(await read.bytes().then((bytes) => Buffer.from(bytes).toString()), 'hello');
  assert.equal(read.info.version, VERSION);
  await store.copy('a', 'b', { version: VERSION });
  assert.deepEqual(asked.map(versionOf), [null, VERSION, VERSION, null]);
  const source = new URL(String(asked.at(-1)?.headers['x-ms-copy-source']));
  assert.equal(source.searchParams.get('versionid'), VERSION);
  assert.equal(source.searchParams.get('sr'), 'bv', 'the URL is good for that version alone');
  assert.equal(asked.at(-1)?.headers['x-ms-source-if-match'], '"0x8D"');
  await store.close();
  server.close();
  await once(server, 'close');
});
