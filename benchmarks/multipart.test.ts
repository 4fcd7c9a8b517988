/** @module Tests of reading lists of parts, and of writing the one that completes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completionOf, partPath, partsOf } from './multipart.ts';

test('a part is read whatever the order of its elements, its ETag as it was escaped', () => {
  const page =
    '<ListPartsResult><PartNumberMarker>0</PartNumberMarker><ETag>"other"</ETag>' +
    '<Part><PartNumber>1</PartNumber><LastModified>x</LastModified><ETag>&quot;a&quot;</ETag><Size>5</Size></Part>\n' +
    '<Part>\n<ETag>"b"</ETag><Size>5</Size><PartNumber>12</PartNumber></Part></ListPartsResult>';
  assert.deepEqual(partsOf(page), [
    { number: 1, etag: '&quot;a&quot;' },
    { number: 12, etag: '"b"' },
  ]);
});

test('what is completed is what was listed', () => {
  const parts = [
    { number: 1, etag: '&quot;a&quot;' },
    { number: 3, etag: '&quot;b&quot;' },
  ];
  assert.deepEqual(partsOf(completionOf(parts).toString()), parts);
});

test("an upload's id is escaped in the path of a part", () => {
  assert.equal(partPath({ path: '/b/k', id: 'a+/=' }, 7), '/b/k?partNumber=7&uploadId=a%2B%2F%3D');
});
