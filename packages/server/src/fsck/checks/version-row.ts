/** Whether the row of a version is what was written. */

import { versionSum } from '../../catalog/sqlite/row-sums.ts';
import type { WalkedVersion } from '../version-walk.ts';

/** Of `versions v`; the rest that the sum is of is checked otherwise, too, and read for that. */
export const SUMMED_COLUMNS = `v.sum, v.etag, v.modified_ms AS modifiedMs, v.storage_class AS storageClass,
  v.checksum_algorithm AS checksumAlgorithm, v.checksum_value AS checksumValue, v.tags, v.attributes,
  v.owner, v.restored_until_ms AS restoredUntilMs, v.retired_seq AS retiredSeq`;

export interface SummedRow extends WalkedVersion {
  readonly sum: number | null;
  readonly etag: string;
  readonly modifiedMs: number;
  readonly storageClass: string;
  readonly checksumAlgorithm: string | null;
  readonly checksumValue: string | null;
  readonly tags: string | null;
  readonly attributes: string;
  readonly owner: string;
  readonly restoredUntilMs: number | null;
  readonly retiredSeq: number | null;
  readonly nullVersion: number;
  readonly deleteMarker: number;
  readonly size: number;
  readonly manifest: number | null;
  readonly extents: number;
  readonly parts: number;
}

export function isWholeVersion(row: SummedRow): boolean {
  const { sum, nullVersion, deleteMarker } = row;
  return (
    sum !== null &&
    sum === versionSum({ ...row, isNull: nullVersion === 1, deleteMarker: deleteMarker === 1 }, row)
  );
}
