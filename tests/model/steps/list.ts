/** @module Steps that list: ListObjects in both forms and ListObjectVersions, page by page to the end. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import type { S3Response } from '../../support/s3.ts';
import { elements, text } from '../../support/xml.ts';
import { bucketIndex, step } from '../choices.ts';
import { lineOf, listedObjects, listedVersions } from '../listings.ts';
import type { Data, ModelBucket } from '../model.ts';
import { expectDate, nameOf, refused } from '../real.ts';
import type { Real } from '../real.ts';

const listing = {
  b: bucketIndex,
  prefix: fc.constantFrom('', '', 'a', 'a/', 'b', 'c'),
  delimiter: fc.constantFrom('', '', '/'),
  after: fc.constantFrom('', '', '', 'a', 'a/', 'a/b', 'b'),
  limit: fc.integer({ min: 1, max: 6 }),
};

/** Objects, versions and delete markers in the order in which they stand in the answer, then the common prefixes. */
function linesOf(xml: string): string[] {
  const lines = [...xml.matchAll(/<(Contents|Version|DeleteMarker)>(.*?)<\/\1>/gs)].map(
    ([, kind, inner = '']) => {
      const id = text(inner, 'VersionId');
      const name = `${text(inner, 'Key')}${id === undefined ? '' : ` ${id} ${text(inner, 'IsLatest')}`}`;
      return kind === 'DeleteMarker'
        ? `${name} deleted`
        : `${name} ${text(inner, 'ETag')} ${text(inner, 'Size')}`;
    },
  );
  return [...lines, ...elements(xml, 'CommonPrefixes').map((inner) => `${text(inner, 'Prefix')} …`)];
}

interface Paging {
  readonly after?: string;
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
}

/** @param more the query of the first page @param next that of the page after this one */
async function pages(
  [{ s3 }, bucket]: readonly [Real, string],
  { prefix, delimiter, limit }: Paging,
  more: Record<string, string>,
  next: (page: S3Response, lastKey: string | undefined) => Record<string, string>,
): Promise<string[]> {
  const lines: string[] = [];
  let cursor = {};
  for (;;) {
    const query = { ...more, prefix, delimiter, 'max-keys': String(limit), ...cursor };
    const page = await s3.bucket('GET', bucket, { query });
    refused(page, []);
    const found = linesOf(page.text);
    lines.push(...found);
    const truncated = text(page.text, 'IsTruncated');
    if (truncated === 'false') {
      assert.ok(found.length <= limit);
      return lines;
    }
    assert.deepEqual([truncated, found.length], ['true', limit], 'a page that is cut short is full');
    cursor = next(page, text(elements(page.text, 'Contents').at(-1) ?? '', 'Key'));
  }
}

/** The first version of ListObjects names the next page only where there is a delimiter. */
const nextOf = {
  1: (page: S3Response, last: string | undefined) => ({
    marker: text(page.text, 'NextMarker') ?? last ?? '',
  }),
  2: (page: S3Response) => ({ 'continuation-token': text(page.text, 'NextContinuationToken') ?? '' }),
} as const;

export const listObjects = step(
  'list',
  fc.record({ ...listing, form: fc.constantFrom<1 | 2>(1, 2) }),
  async (params, model, real) => {
    const objects = model.bucket(params.b).allCurrent();
    await expectObjects([real, nameOf(real, params.b)], objects, params);
  },
);

/** @param of the name of a bucket, or of a snapshot */
export async function expectObjects(
  of: readonly [Real, string],
  objects: ReadonlyMap<string, Data>,
  paging: Paging & { form: 1 | 2 },
): Promise<void> {
  const { after = '', form } = paging;
  const start = { [form === 2 ? 'start-after' : 'marker']: after };
  const more: Record<string, string> = {
    ...(form === 2 && { 'list-type': '2' }),
    ...(after !== '' && start),
  };
  const lines = await pages(of, paging, more, nextOf[paging.form]);
  const expected = listedObjects(objects, paging).map((entry) => lineOf(entry, false));
  assert.deepEqual(lines.sort(), expected.sort());
}

export const listVersions = step('list versions', fc.record(listing), async (params, model, real) => {
  await expectVersions([real, nameOf(real, params.b)], model.bucket(params.b), params);
});

export async function expectVersions(
  of: readonly [Real, string],
  bucket: ModelBucket,
  paging: Paging,
): Promise<void> {
  const { after = '' } = paging;
  const more: Record<string, string> = { versions: '', ...(after !== '' && { 'key-marker': after }) };
  const lines = await pages(of, paging, more, ({ text: xml }) => {
    const version = text(xml, 'NextVersionIdMarker');
    const marker = text(xml, 'NextKeyMarker') ?? '';
    return { 'key-marker': marker, ...(version !== undefined && { 'version-id-marker': version }) };
  });
  const expected = listedVersions(bucket, paging).map((entry) => lineOf(entry, true));
  // Common prefixes stand behind the versions of their page: their own order is that of what is left.
  const split = (all: string[]): string[][] => [
    all.filter((line) => !line.endsWith('…')),
    all.filter((line) => line.endsWith('…')),
  ];
  assert.deepEqual(split(lines), split(expected));
}

/** The dates of a listing are those of the versions. */
export async function expectListedDates(real: Real, b: number, bucket: ModelBucket): Promise<void> {
  const { text: xml } = await real.s3.bucket('GET', nameOf(real, b), { query: { 'list-type': '2' } });
  for (const entry of elements(xml, 'Contents')) {
    const version = bucket.current(text(entry, 'Key') ?? '');
    assert.ok(version !== undefined, entry);
    expectDate(version, Date.parse(text(entry, 'LastModified') ?? ''));
  }
}
