/** What other services answer to ListObjectVersions: given as they would send it, in place of a service that does so. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { S3Request } from './client.ts';
import { listVersions } from './list-versions.ts';

function listed(name: string, key: string, id: string, isLatest: boolean, second: number): string {
  return (
    `<${name}><Key>${key}</Key><VersionId>${id}</VersionId><IsLatest>${isLatest}</IsLatest>` +
    `<LastModified>2026-11-21T10:00:0${second}.000Z</LastModified><Size>1</Size></${name}>`
  );
}

function page(entries: readonly string[], more = '<IsTruncated>false</IsTruncated>'): string {
  return `<ListVersionsResult>${entries.join('')}${more}</ListVersionsResult>`;
}

/** Lists what the pages say, one after the other; the last one again and again. */
async function list(...pages: readonly string[]): Promise<{ names: string[]; queries: string[] }> {
  const queries: string[] = [];
  const sender = {
    where: { endpoint: 'http://service' },
    send: ({ query = '' }: S3Request) => {
      queries.push(query);
      const text = pages[queries.length - 1] ?? pages.at(-1) ?? '';
      return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(text) });
    },
  };
  const names: string[] = [];
  for await (const { key, version } of listVersions(sender, {})) names.push(`${key}@${version}`);
  return { names, queries };
}

test('delete markers that come behind all versions are put where they belong', async () => {
  const versions = [listed('Version', 'a', '1', false, 1), listed('Version', 'b', '1', true, 1)];
  const markers = [listed('DeleteMarker', 'a', '3', true, 3), listed('DeleteMarker', 'a', '2', false, 2)];
  assert.deepEqual((await list(page([...versions, ...markers]))).names, ['a@3', 'a@2', 'a@1', 'b@1']);
});

test('what is in order stays so, whatever the clocks say', async () => {
  const versions = [listed('Version', 'a', 'new', true, 1), listed('Version', 'a', 'old', false, 5)];
  assert.deepEqual((await list(page(versions))).names, ['a@new', 'a@old']);
});

test('pages go on where the one before ended, with names as they were before they were encoded', async () => {
  const next = (key: string): string =>
    `<IsTruncated>true</IsTruncated><NextKeyMarker>${key}</NextKeyMarker><NextVersionIdMarker>7</NextVersionIdMarker>`;
  const encoded = `<EncodingType>url</EncodingType>${next('a+b%2B')}`;
  const { names, queries } = await list(
    page([listed('Version', 'a+b%2B', '7', true, 1)], encoded),
    page([listed('Version', 'c', '', true, 1)]),
  );
  assert.deepEqual(names, ['a b+@7', 'c@null']);
  assert.match(queries[1] ?? '', /&key-marker=a%20b%2B&version-id-marker=7$/);
  await assert.rejects(list(page([], next('a'))), { code: 'Unexpected', message: /a page again/ });
  await assert.rejects(list(page([], '<IsTruncated>true</IsTruncated>')), { message: /does not say where/ });
});

test('a listing without versions is of a service that has none', async () => {
  await assert.rejects(list('<ListBucketResult></ListBucketResult>'), { code: 'Unsupported' });
});
