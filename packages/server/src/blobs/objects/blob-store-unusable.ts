/** A store of blobs that cannot be used, or that is missing: why nothing is started. */

import type { BlobStoreConfig } from '../../config.ts';
import { STORE_TIER } from '../tiers.ts';

export class BlobStoreUnusable extends Error {
  constructor(store: string, reason: string, cause?: unknown) {
    super(`The store of blobs ${store} cannot be used: ${reason}`, { cause });
    this.name = 'BlobStoreUnusable';
  }
}

/**
 * Holds that blobs in another store can be found.
 *
 * @throws BlobStoreUnusable
 */
export function requireBlobStore(tiers: readonly string[], blobs: BlobStoreConfig | null): void {
  if (blobs !== null || !tiers.includes(STORE_TIER)) return;
  throw new BlobStoreUnusable(
    'of this data directory',
    'there are objects in it, and none is given: start with --blobs URL.',
  );
}
