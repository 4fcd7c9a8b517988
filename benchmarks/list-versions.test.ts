/** @module Tests of reading pages of ListObjectVersions. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextVersionMarker, versionsOf } from './list-versions.ts';

const PAGE = `<ListVersionsResult><Name>b</Name><IsTruncated>true</IsTruncated>
<NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>v2</NextVersionIdMarker>
<Version><Key>j</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest></Version>
<DeleteMarker><VersionId>v2</VersionId><Key>k</Key></DeleteMarker></ListVersionsResult>`;

test('versions and delete markers are found', () => {
  assert.deepEqual(versionsOf(PAGE), [
    { key: 'j', versionId: 'v1' },
    { key: 'k', versionId: 'v2' },
  ]);
});

test('the next page begins where this one says, if there is one', () => {
  assert.deepEqual(nextVersionMarker(PAGE), { key: 'k', versionId: 'v2' });
  assert.equal(nextVersionMarker(PAGE.replace('>true<', '>false<')), undefined);
  assert.equal(nextVersionMarker(PAGE.replace(/<Next.*>/, '')), undefined);
});
