/** @module Listings of the soak, whole and by pages, and snapshots of what they list. */

import assert from 'node:assert/strict';

import { expectStatus } from '../../support/expect.ts';
import { listedKeys, listedPrefixes } from '../../support/listing.ts';
import type { S3Response } from '../../support/s3.ts';
import { elements, text } from '../../support/xml.ts';
import type { Bucket, Lane } from '../lane.ts';

/** Keys with an object under the prefix, in the order of their bytes. */
function current({ keys }: Bucket, prefix: string): string[] {
  return [...keys]
    .filter(([key, versions]) => key.startsWith(prefix) && versions.at(-1)?.content !== undefined)
    .map(([key]) => key)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

export async function list(lane: Lane): Promise<void> {
  const bucket = lane.anyBucket();
  const prefix = `small/${lane.pick(8)}/`;
  const expected = current(bucket, prefix);
  const pageSize = 5 + lane.pick(20);
  const seen: string[] = [];
  for (let token: string | undefined; ;) {
    const page: S3Response = await lane.s3.bucket('GET', bucket.name, {
      query: {
        'list-type': '2',
        prefix,
        'max-keys': String(pageSize),
        ...(token !== undefined && { 'continuation-token': token }),
      },
    });
    expectStatus(page, 200);
    seen.push(...listedKeys(page));
    token = text(page.text, 'NextContinuationToken');
    if (token === undefined) break;
  }
  assert.deepEqual(seen, expected);
}

export async function listFolders(lane: Lane): Promise<void> {
  const bucket = lane.anyBucket();
  const expected = [...new Set(current(bucket, '').map((key) => `${key.split('/', 1)[0]}/`))];
  const page = await lane.s3.bucket('GET', bucket.name, { query: { delimiter: '/' } });
  expectStatus(page, 200);
  assert.deepEqual(listedPrefixes(page), expected);
  assert.deepEqual(listedKeys(page), []);
}

export async function listVersions(lane: Lane): Promise<void> {
  const { name, keys } = lane.versioned;
  const prefix = `small/${lane.pick(8)}/`;
  const expected = [...keys]
    .filter(([key]) => key.startsWith(prefix))
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .flatMap(([, versions]) => versions.map(({ id }) => id).reverse());
  const page = await lane.s3.bucket('GET', name, { query: { versions: '', prefix } });
  expectStatus(page, 200);
  assert.deepEqual(
    elements(page.text, 'VersionId'),
    expected,
    'versions are listed as they were written, newest first',
  );
}

/** Made, read and deleted: what it shows in between is what the bucket held. */
export async function snapshot(lane: Lane): Promise<void> {
  const { plain } = lane;
  const query = { 'cistern-snapshot': lane.name('s') };
  const expected = current(plain, 'small/1/');
  const made = await lane.s3.bucket('PUT', plain.name, { query });
  expectStatus(made, 200);
  for (const key of expected.slice(0, 2)) {
    expectStatus(await lane.s3.object('DELETE', plain.name, key), 204);
    plain.keys.delete(key);
  }
  const readAs = text(made.text, 'ReadAs') ?? '';
  const page = await lane.s3.bucket('GET', readAs, { query: { 'list-type': '2', prefix: 'small/1/' } });
  expectStatus(page, 200);
  assert.deepEqual(listedKeys(page), expected);
  expectStatus(await lane.s3.bucket('DELETE', plain.name, { query }), 204);
}
