/**
 * What every `Catalog` owes its callers, as tests. It knows the interface only, so that each backend is held to the
 * same words; what is below the interface (reaping, syncs, files) is tested with the backend.
 */

import { suite } from 'node:test';
import type { TestContext } from 'node:test';

import type { Catalog } from './catalog.ts';
import { appendTests } from './contract/append.testing.ts';
import { blobTests, placedBlobTests } from './contract/blobs.testing.ts';
import { bucketTests } from './contract/buckets.testing.ts';
import { conditionTests } from './contract/conditions.testing.ts';
import { copyTests } from './contract/copies.testing.ts';
import { historyConditionTests } from './contract/history-conditions.testing.ts';
import { historyEntryTests, historyListingTests } from './contract/history-listings.testing.ts';
import { historyModelTests, historyTests } from './contract/history.testing.ts';
import { listedEntryTests, listingTests } from './contract/listings.testing.ts';
import { renameTests } from './contract/rename.testing.ts';
import { uploadTests } from './contract/uploads.testing.ts';
import { uploadListingTests } from './contract/upload-listings.testing.ts';
import { tagTests } from './contract/tags.testing.ts';
import { forkTests } from './contract/forks.testing.ts';
import { snapshotTests } from './contract/snapshots.testing.ts';
import { versionTests } from './contract/versions.testing.ts';

/** A new, empty catalog, closed by the time that the test's own `after` hooks have run. */
export type OpenCatalog = (t: TestContext) => Catalog | Promise<Catalog>;

export function catalogContract(name: string, open: OpenCatalog): void {
  suite(`${name} keeps the catalog's contract`, () => {
    suite('buckets', () => bucketTests(open));
    suite('versions', () => versionTests(open));
    suite('conditions', () => conditionTests(open));
    suite('copies', () => copyTests(open));
    suite('blobs', () => blobTests(open));
    suite('blobs of storage classes', () => placedBlobTests(open));
    suite('listings', () => {
      listingTests(open);
      listedEntryTests(open);
    });
    suite('appends', () => appendTests(open));
    suite('renames', () => renameTests(open));
    suite('uploads', () => uploadTests(open));
    suite('listings of uploads', () => uploadListingTests(open));
    suite('history', () => {
      historyTests(open);
      historyModelTests(open);
    });
    suite('conditions and copies of versions', () => historyConditionTests(open));
    suite('tags', () => tagTests(open));
    suite('listings of versions', () => {
      historyListingTests(open);
      historyEntryTests(open);
    });
    suite('snapshots', () => snapshotTests(open));
    suite('forks', () => forkTests(open));
  });
}
