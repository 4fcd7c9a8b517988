/**
 * Giving references up. A manifest without references loses its extents; a blob without extents is deleted at once
 * when it is inline, and left to the reaper when it is a file. Called inside the writer's transaction.
 */

import { EXTENTS_WITH_VERSION } from './rows.ts';
import type { WriteStatements } from './write-statements.ts';

/**
 * Longer manifests are taken apart by the reaper: in slices, so that no mutation holds the others up, and when their
 * readers are gone, who look up extents as they go. Shorter ones were read whole with their version. Those with parts
 * are the reaper's, too: parts are looked up one by one.
 */
const EXTENTS_AT_ONCE = EXTENTS_WITH_VERSION;

export function purgeManifest(sql: WriteStatements, manifest: number): void {
  if (sql.deleteShortManifest.run(manifest, EXTENTS_AT_ONCE).changes === 0) {
    sql.dropManifestRef.run(manifest);
    return;
  }
  const extents = sql.extentsOf.all(manifest) as unknown as RowOfExtent[];
  sql.deleteExtents.run(manifest);
  for (const { blob, whole } of extents) if (whole === 1) dropBlob(sql, blob);
}

interface RowOfExtent {
  readonly start: number;
  readonly blob: number;
  /** Not 1: the disk has changed it, and it may name another's blob, whose bytes would go. One reference too many is no loss. */
  readonly whole: number;
}

/**
 * Removes up to `limit` extents and parts of an unreferenced manifest, and the manifest with the last. Returns how many.
 */
export function purgeExtents(sql: WriteStatements, manifest: number, limit: number): number {
  const extents = sql.firstExtents.all(manifest, limit) as unknown as RowOfExtent[];
  for (const { start, blob, whole } of extents) {
    sql.deleteExtent.run(manifest, start);
    if (whole === 1) dropBlob(sql, blob);
  }
  let removed = extents.length;
  if (removed < limit) removed += Number(sql.deleteParts.run(manifest, manifest, limit - removed).changes);
  if (removed < limit) sql.deleteManifest.run(manifest);
  return removed;
}

/** Gives up the reference of an extent that was removed. */
export function dropBlob(sql: WriteStatements, blob: number): void {
  // Without counting down first: the row has the bytes, and would be written once more.
  if (sql.deleteInlineBlob.run(blob).changes === 0) sql.dropBlobRef.run(blob);
  else sql.checks.clearDamage.run(blob);
}
