/** The catalog's contract: listings, held against a model that sorts and groups everything in memory. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import type { Catalog, ListRequest, ListResult } from '../catalog.ts';
import { inline, listing, publication } from '../requests.fixtures.ts';

/** Few, so that keys share prefixes; on both sides of where UTF-16 and UTF-8 order differ. */
const PIECES = [
  'a',
  'b',
  'ab',
  '/',
  '//',
  '-',
  '\u0000',
  '\u007f',
  'é',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '\u{10ffff}',
];

const piece = fc.constantFrom(...PIECES);
const text = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.array(piece, { minLength, maxLength }).map((pieces) => pieces.join(''));

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

type Listed = Omit<ListResult, 'versions'> & { readonly versions: readonly string[] };

function model(keys: readonly string[], { prefix, delimiter, after, limit }: ListRequest): Listed {
  const entries = new Map<string, 'key' | 'group'>();
  for (const key of keys) {
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (end === -1) entries.set(key, 'key');
    else entries.set(key.slice(0, end + delimiter.length), 'group');
  }
  const found = [...entries].filter(([entry]) => byBytes(entry, after) > 0).sort(([a], [b]) => byBytes(a, b));
  const page = found.slice(0, limit);
  const only = (kind: 'key' | 'group'): string[] =>
    page.filter((entry) => entry[1] === kind).map(([entry]) => entry);
  return {
    versions: only('key'),
    commonPrefixes: only('group'),
    truncated: limit > 0 && found.length > limit,
    last: page.at(-1)?.[0] ?? '',
  };
}

async function list(catalog: Catalog, request: ListRequest): Promise<Listed> {
  const { versions, ...rest } = await catalog.listObjects(request);
  return { ...rest, versions: versions.map(({ key }) => key) };
}

async function bucketWith(catalog: Catalog, keys: Iterable<string>, name: string): Promise<number> {
  const { id: bucket } = await catalog.createBucket({ name, owner: 'alice', region: 'us-east-1' });
  await Promise.all(Array.from(keys, (key) => catalog.publishVersion(publication({ bucket, key }))));
  return bucket;
}

export function listingTests(open: OpenCatalog): void {
  test('what is listed is what a plain model lists', async (t) => {
    const catalog = await open(t);
    let buckets = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(text(1, 4), { maxLength: 30 }),
        fc.array(
          fc.record({
            prefix: fc.oneof(fc.constant(''), text(0, 2)),
            delimiter: fc.oneof(fc.constant(''), fc.constant('/'), text(0, 2)),
            after: fc.oneof(fc.constant(''), text(0, 3)),
            limit: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(1000)),
          }),
          { minLength: 10, maxLength: 20 },
        ),
        async (keys, requests) => {
          const bucket = await bucketWith(catalog, keys, `b${buckets++}`);
          for (const request of requests) {
            const asked = listing(bucket, request);
            assert.deepEqual(await list(catalog, asked), model(keys, asked), JSON.stringify(asked));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('pages follow one another without gap or repetition', async (t) => {
    const catalog = await open(t);
    let buckets = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(text(1, 4), { maxLength: 30 }),
        fc.record({
          prefix: text(0, 1),
          delimiter: fc.constantFrom('', '/', 'a'),
          limit: fc.integer({ min: 1, max: 4 }),
        }),
        async (keys, request) => {
          const bucket = await bucketWith(catalog, keys, `b${buckets++}`);
          const versions: string[] = [];
          const commonPrefixes: string[] = [];
          let after = '';
          for (;;) {
            const page = await list(catalog, listing(bucket, { ...request, after }));
            versions.push(...page.versions);
            commonPrefixes.push(...page.commonPrefixes);
            if (!page.truncated) break;
            assert.equal(page.versions.length + page.commonPrefixes.length, request.limit);
            after = page.last;
          }
          const whole = model(keys, listing(bucket, { ...request, limit: 1000 }));
          assert.deepEqual(
            { versions, commonPrefixes },
            { versions: whole.versions, commonPrefixes: whole.commonPrefixes },
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  test('keys are in the order of their UTF-8 bytes: what is beyond the surrogates comes last', async (t) => {
    const catalog = await open(t);
    const bucket = await bucketWith(
      catalog,
      ['😀', '\uffff', '\ue000', 'z', '\u{10ffff}', '\ud7ff', 'é'],
      'photos',
    );
    const { versions } = await list(catalog, listing(bucket));
    assert.deepEqual(versions, ['z', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '\u{10ffff}']);
  });

  test('many keys under many common prefixes, more than any page of the backend', async (t) => {
    const catalog = await open(t);
    const number = (i: number): string => String(i).padStart(5, '0');
    const plain = Array.from({ length: 2500 }, (_, i) => `plain-${number(i)}`);
    const grouped = Array.from({ length: 600 }, (_, i) => `group-${number(i >> 1)}/${i}`);
    const keys = [...plain, ...grouped];
    const bucket = await bucketWith(catalog, keys, 'photos');
    for (const request of [
      { limit: 5000 },
      { limit: 1000, after: 'plain-00999' },
      { limit: 5000, delimiter: '/' },
      { limit: 300, delimiter: '/' },
      { limit: 301, delimiter: '/' },
      { limit: 1000, delimiter: '/', prefix: 'group-', after: 'group-00100/200' },
      { limit: 1000, delimiter: '/', prefix: 'plain-', after: 'group-99999' },
    ]) {
      const asked = listing(bucket, request);
      assert.deepEqual(await list(catalog, asked), model(keys, asked), JSON.stringify(request));
    }
  });
}

export function listedEntryTests(open: OpenCatalog): void {
  test('an entry carries what a listing shows, and no other bucket is in it', async (t) => {
    const catalog = await open(t);
    const bucket = await bucketWith(catalog, [], 'photos');
    await bucketWith(catalog, ['k', 'z'], 'other');
    const request = publication({
      bucket,
      key: 'k',
      ...inline('hello'),
      storageClass: 'GLACIER',
      checksumAlgorithm: 'SHA1',
      checksumValue: '2jmj7l5rSw0yVb/vlWAYkK/YBwk=',
    });
    const { modifiedMs } = await catalog.publishVersion(request);
    const { versions } = await catalog.listObjects(listing(bucket));
    const { size, etag, storageClass, checksumAlgorithm } = request;
    assert.deepEqual(
      versions.map((version) => ({ ...version })),
      [{ key: 'k', size, etag, modifiedMs, storageClass, checksumAlgorithm, checksumType: 'FULL_OBJECT' }],
    );
  });

  test('each entry has its own class and checksum', async (t) => {
    const catalog = await open(t);
    const bucket = await bucketWith(catalog, [], 'photos');
    const kinds = [
      ['STANDARD', null, null, null],
      ['STANDARD', 'CRC32', 'AAAAAA==', 'FULL_OBJECT'],
      ['STANDARD', 'CRC32', 'AAAAAA==-2', 'COMPOSITE'],
      ['GLACIER', null, null, null],
      ['GLACIER', 'SHA1', 'AAAAAA==-2', 'COMPOSITE'],
      ['STANDARD', null, null, null],
      ['GLACIER', 'SHA1', 'AAAAAA==-3', 'COMPOSITE'],
    ] as const;
    for (const [i, [storageClass, checksumAlgorithm, checksumValue]] of kinds.entries()) {
      const fields = { storageClass, checksumAlgorithm, checksumValue };
      await catalog.publishVersion(publication({ bucket, key: `k${i}`, ...fields }));
    }
    const shown = kinds.map(([storageClass, algorithm, , type]) => [storageClass, algorithm, type]);
    const { versions } = await catalog.listObjects(listing(bucket));
    const { entries } = await catalog.listVersions({ ...listing(bucket), after: { key: '' } });
    for (const listed of [versions, entries]) {
      assert.deepEqual(
        listed.map((one) => [one.storageClass, one.checksumAlgorithm, one.checksumType]),
        shown,
      );
    }
  });
}
