/** Listings of a service that cuts and orders its pages in ways that Azurite does not. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { azure } from '../../azure.ts';
import { isStoreError } from '../../errors.ts';
import type { ListEntry, ListOptions } from '../../object-store.ts';

/** An answer that ends before its end. */
const CUT = '<html>';

/** @param pages what stands between <Blobs> and </Blobs>, a page a request */
async function list(pages: readonly string[], options: ListOptions): Promise<[ListEntry[], string[]]> {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, answer) => {
    asked.push(url);
    const marker = Number(new URL(url, 'http://x').searchParams.get('marker') ?? 0);
    const next = marker + 1 < pages.length ? `<NextMarker>${marker + 1}</NextMarker>` : '<NextMarker />';
    answer.end(
      `\uFEFF<?xml version="1.0"?><EnumerationResults><Blobs>${pages[marker]}</Blobs>${next}${pages[marker] === CUT ? '' : '</EnumerationResults>'}`,
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const store = azure({
    endpoint: `http://127.0.0.1:${port}/acc`,
    container: 'box',
    credential: 'anonymous',
  });
  try {
    return [await Array.fromAsync(store.list(options)), asked];
  } finally {
    await store.close();
    server.close();
  }
}

function blob(name: string, encoded = false): string {
  const properties =
    '<Last-Modified>Sat, 21 Nov 2026 10:00:00 GMT</Last-Modified><Etag>0x8D</Etag><Content-Length>7</Content-Length>';
  return `<Blob><Name${encoded ? ' Encoded="true"' : ''}>${name}</Name><Properties>${properties}</Properties></Blob>`;
}

const prefix = (name: string): string => `<BlobPrefix><Name>${name}</Name></BlobPrefix>`;
const namesOf = (entries: readonly ListEntry[]): string[] =>
  entries.map((entry) => (entry.type === 'object' ? entry.key : entry.prefix));

test('a common beginning on two pages is given once, in its place among the objects', async () => {
  const pages = [blob('a') + blob('c') + prefix('b/'), prefix('d/'), prefix('d/') + blob('e')];
  const [entries, asked] = await list(pages, { delimiter: '/' });
  assert.deepEqual(namesOf(entries), ['a', 'b/', 'c', 'd/', 'e']);
  assert.equal(asked.length, 3);
});

test('what an object is, and names that XML cannot hold', async () => {
  const [entries] = await list([blob('a &amp; b') + blob('c%EF%BF%BF', true), ''], {});
  assert.deepEqual(entries[0], {
    type: 'object',
    key: 'a & b',
    size: 7,
    lastModified: new Date('2026-11-21T10:00:00Z'),
    etag: '0x8D',
  });
  assert.deepEqual(namesOf(entries), ['a & b', 'c\uffff']);
});

test('pages in the order of bytes stay so', async () => {
  const names = ['\u{e000}', '\uff5e', '\u{1f6b0}', '\u{1f6b0}\uff5e', '\u{1f6b0}\u{1f6b1}'];
  const [entries] = await list(
    names.map((name) => blob(name)),
    {},
  );
  assert.deepEqual(namesOf(entries), names);
});

test('a listing from after a key begins there, behind what is rolled up with it', async () => {
  const startFrom = async (options: ListOptions): Promise<string | null> => {
    const [, [url = '']] = await list([''], options);
    return new URL(url, 'http://x').searchParams.get('startFrom');
  };
  assert.equal(await startFrom({ startAfter: 'a/b' }), 'a/b');
  assert.equal(await startFrom({ startAfter: 'a/b', delimiter: '/' }), 'a0');
  assert.equal(await startFrom({ startAfter: 'a\uff5e' }), 'a');
  assert.equal(await startFrom({ startAfter: 'a', prefix: 'b' }), null);
  const [, asked] = await list([''], { startAfter: 'c', prefix: 'b' });
  assert.deepEqual(asked, []);
});

test('an answer that makes no sense is no empty listing', async () => {
  await assert.rejects(list([CUT], {}), (error) => isStoreError(error, 'Unexpected'));
  await assert.rejects(list(['<Blob><Name>a</Name></Blob>'], {}), (error) =>
    isStoreError(error, 'Unexpected'),
  );
});
