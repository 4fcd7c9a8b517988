/** Where the blobs of a catalog are, but for the data directory itself: asked before every start. */

import type { DatabaseSync } from 'node:sqlite';

/**
 * Storage classes with a directory, and the store, that have blobs, in byte order. One probe for each: DISTINCT would walk
 * the rows of all such blobs, a quarter of a second for each million of them.
 */
export function tiersInUse(db: DatabaseSync): string[] {
  const next = db.prepare("SELECT min(tier) AS tier FROM blobs WHERE tier <> '' AND tier > ?");
  const tiers: string[] = [];
  for (;;) {
    const { tier } = next.get(tiers.at(-1) ?? '') as { tier: string | null };
    if (tier === null) return tiers;
    tiers.push(tier);
  }
}
