/** Versions of blobs, which Azurite does not keep: what is asked for, and what is made of the answers. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { azureService } from '../../azure.ts';

const blob = (name: string, version: string, more = ''): string =>
  `<Blob><Name>${name}</Name><VersionId>${version}</VersionId>${more}<Properties><Content-Length>5</Content-Length>` +
  '<Last-Modified>Sat, 21 Nov 2026 10:00:00 GMT</Last-Modified><Etag>0x8D</Etag></Properties></Blob>';

const CURRENT = '<IsCurrentVersion>true</IsCurrentVersion>';
const PAGES = [
  `<Blobs>${blob('.cistern/x', 'T1', CURRENT)}${blob('a', 'T1')}</Blobs><NextMarker>2</NextMarker>`,
  `<Blobs>${blob('a', 'T2', CURRENT)}${blob('gone', 'T1')}${blob('gone', 'T2')}</Blobs><NextMarker/>`,
];

const asked: string[] = [];
const server = createServer((request, answer) => {
  request.resume();
  const { searchParams: query, pathname } = new URL(request.url ?? '', 'http://x');
  if (request.method === 'DELETE') {
    const version = query.get('versionid');
    asked.push(`${pathname} ${version}`);
    // The current one, until it is deleted without its name.
    const isCurrent = version === 'T2' && !asked.includes('/acc/box/a null');
    answer.setHeader('x-ms-error-code', isCurrent ? 'OperationNotAllowedOnRootBlob' : '');
    answer.writeHead(isCurrent ? 403 : 202).end();
    return;
  }
  assert.equal(query.get('include'), 'versions');
  answer.end(`<EnumerationResults>${PAGES[query.get('marker') === '2' ? 1 : 0]}</EnumerationResults>`);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
const service = azureService({
  endpoint: `http://127.0.0.1:${port}/acc`,
  accountKey: Buffer.from('key').toString('base64'),
});
after(async () => {
  await service.close();
  server.close();
  await once(server, 'close');
});
const features = service.features('box');

test('versions come newest first, and of a deleted blob none is the latest', async () => {
  const versions = await Array.fromAsync(features.listVersions());
  assert.deepEqual(
    versions.map(({ key, version, isLatest }) => `${key} ${version} ${isLatest}`),
    ['a T2 true', 'a T1 false', 'gone T2 false', 'gone T1 false'],
  );
  assert.equal(versions[0]?.size, 5);
  assert.equal(versions[0].etag, '0x8D');
  const all = await Array.fromAsync(features.listVersions({ reserved: true }));
  assert.equal(all[0]?.key, '.cistern/x');
  const later = await Array.fromAsync(features.listVersions({ startAfter: 'a' }));
  assert.deepEqual(new Set(later.map(({ key }) => key)), new Set(['gone']));
});

test('the current version is deleted for good, too', async () => {
  const doomed = [{ key: 'a', version: 'T2' }];
  const results = await Array.fromAsync(features.deleteVersions(doomed));
  assert.deepEqual(results, doomed);
  assert.deepEqual(asked, ['/acc/box/a T2', '/acc/box/a null', '/acc/box/a T2']);
});

test('what Azure has for accounts alone, or not at all, is refused', async () => {
  const unsupported = { code: 'Unsupported', message: /container box/ };
  await assert.rejects(features.versioning(), unsupported);
  await assert.rejects(features.setVersioning('enabled'), { ...unsupported, message: /whole account/ });
  await assert.rejects(features.bucketTags(), unsupported);
  await assert.rejects(features.createSnapshot('a'), unsupported);
  await assert.rejects(features.fork('other'), unsupported);
});
