/**
 * @module Listings of hostile keys over the real server, page by page, against a plain model.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { expectStatus } from '../support/expect.ts';
import { decodeListed, listedKeys, listedPrefixes } from '../support/listing.ts';
import type { S3Response } from '../support/s3.ts';
import { propertyRuns } from '../support/seed.ts';
import { startTestServer } from '../support/server.ts';
import { elements, text } from '../support/xml.ts';
import { hostileDelimiter, hostileFragment, hostileKey } from './hostile-keys.ts';
import { compareUtf8, type ListEntry, listModel, type ListQuery } from './listing-model.ts';

const { s3 } = await startTestServer();

interface Page {
  /** keys first, then groups: each in order, as XML has them apart */
  keys: string[];
  prefixes: string[];
  truncated: boolean;
  /** where the next page begins, as the version of the operation says it */
  next: string | undefined;
}

interface Paging {
  maxKeys: number;
  encoded: boolean;
}

function readPage(response: S3Response, encoded: boolean, next: string | undefined): Page {
  expectStatus(response, 200);
  const decode = encoded ? decodeListed : (value: string) => value;
  return {
    keys: listedKeys(response).map(decode),
    prefixes: listedPrefixes(response).map(decode),
    truncated: text(response.text, 'IsTruncated') === 'true',
    next,
  };
}

function baseQuery(query: ListQuery, { maxKeys, encoded }: Paging): Record<string, string> {
  const base: Record<string, string> = { prefix: query.prefix, 'max-keys': String(maxKeys) };
  if (query.delimiter !== '') base['delimiter'] = query.delimiter;
  if (encoded) base['encoding-type'] = 'url';
  return base;
}

async function pageV2(
  bucket: string,
  query: ListQuery,
  paging: Paging,
  token: string | undefined,
): Promise<Page> {
  const parameters = baseQuery(query, paging);
  parameters['list-type'] = '2';
  if (token !== undefined) parameters['continuation-token'] = token;
  else if (query.after !== '') parameters['start-after'] = query.after;
  const response = await s3.bucket('GET', bucket, { query: parameters });
  const page = readPage(response, paging.encoded, text(response.text, 'NextContinuationToken'));
  assert.equal(text(response.text, 'KeyCount'), String(page.keys.length + page.prefixes.length));
  return page;
}

async function pageV1(
  bucket: string,
  query: ListQuery,
  paging: Paging,
  marker: string | undefined,
): Promise<Page> {
  const parameters = baseQuery(query, paging);
  const after = marker ?? query.after;
  if (after !== '') parameters['marker'] = after;
  const response = await s3.bucket('GET', bucket, { query: parameters });
  const page = readPage(response, paging.encoded, undefined);
  const nextMarker = text(response.text, 'NextMarker');
  if (query.delimiter === '') page.next = page.keys.at(-1);
  else if (nextMarker !== undefined) page.next = paging.encoded ? decodeListed(nextMarker) : nextMarker;
  return page;
}

/** Walks all pages and holds each to the model. */
async function walk(
  expected: ListEntry[],
  paging: Paging,
  read: (next: string | undefined) => Promise<Page>,
) {
  let next: string | undefined;
  for (let start = 0; ; start += paging.maxKeys) {
    const want = expected.slice(start, start + paging.maxKeys);
    const page = await read(next);
    assert.deepEqual(
      page.keys,
      want.filter(({ kind }) => kind === 'key').map(({ name }) => name),
    );
    assert.deepEqual(
      page.prefixes,
      want.filter(({ kind }) => kind === 'prefix').map(({ name }) => name),
    );
    assert.equal(page.truncated, start + paging.maxKeys < expected.length);
    if (!page.truncated) return;
    assert.ok(page.next !== undefined, 'a page that is not the last tells where the next begins');
    next = page.next;
  }
}

const queries = fc.record({ prefix: hostileFragment, delimiter: hostileDelimiter, after: hostileFragment });
const paging = fc.record({ maxKeys: fc.integer({ min: 1, max: 8 }), encoded: fc.boolean() });
const keySets = fc.uniqueArray(hostileKey, { minLength: 1, maxLength: 24 });

function beginning(keys: readonly string[], pick: number): string {
  const points = Array.from(keys[pick % keys.length] as string);
  return points.slice(0, 1 + (pick % points.length)).join('');
}

test('every page of ListObjectsV2 and ListObjects is what the model says', async () => {
  await fc.assert(
    fc.asyncProperty(
      keySets,
      fc.array(fc.tuple(queries, paging, fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 }),
      async (keys, lists) => {
        const bucket = await s3.freshBucket('model');
        await Promise.all(keys.map((key) => s3.put(bucket, key, key)));
        for (const [random, pages, pick, other] of lists) {
          // A prefix or a marker out of thin air hits few keys: most are the beginnings of keys.
          const prefix = beginning(keys, pick);
          const after = beginning(keys, other);
          for (const query of [
            random,
            { ...random, prefix },
            { ...random, prefix: '', after },
            { ...random, prefix, after },
          ]) {
            const expected = listModel(keys, query);
            await walk(expected, pages, (next) => pageV2(bucket, query, pages, next));
            await walk(expected, pages, (next) => pageV1(bucket, query, pages, next));
          }
        }
      },
    ),
    propertyRuns('listing', 60),
  );
});

test('what is listed is what can be read, and what was deleted is not listed', async () => {
  await fc.assert(
    fc.asyncProperty(keySets, fc.array(fc.nat(), { maxLength: 6 }), async (keys, deletions) => {
      const bucket = await s3.freshBucket('model');
      await Promise.all(keys.map((key) => s3.put(bucket, key, `body of ${key}`)));
      const left = new Set(keys);
      for (const index of deletions) {
        const key = keys[index % keys.length] as string;
        expectStatus(await s3.object('DELETE', bucket, key), 204);
        left.delete(key);
      }
      const list = await s3.bucket('GET', bucket, { query: { 'list-type': '2' } });
      assert.deepEqual(listedKeys(list), [...left].sort(compareUtf8));
      const sizes = elements(list.text, 'Contents').map((entry) => Number(text(entry, 'Size')));
      for (const [i, key] of [...left].sort(compareUtf8).entries()) {
        const read = await s3.object('GET', bucket, key);
        assert.deepEqual([read.status, read.text, read.body.length], [200, `body of ${key}`, sizes[i]]);
      }
      for (const key of keys) {
        if (!left.has(key)) assert.equal((await s3.object('HEAD', bucket, key)).status, 404);
      }
    }),
    propertyRuns('read and delete', 10),
  );
});
