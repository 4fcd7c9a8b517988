/** Whose bytes a blob has: for a line of the log, when it is damaged. */

import type { DatabaseSync } from 'node:sqlite';

/** Names for people; the check of the whole store tells of all. */
const OBJECTS_MAX = 10;

/** Walks all extents and versions, which have no index for it: for a blob that is damaged, and not otherwise. */
export function objectsOf(db: DatabaseSync, blob: number): string[] {
  const rows = db
    .prepare(
      `SELECT DISTINCT coalesce(b.name, '#' || v.bucket) AS bucket, v.key FROM versions v LEFT JOIN buckets b ON b.id = v.bucket
        WHERE v.manifest IN (SELECT manifest FROM extents WHERE blob = ?) LIMIT ${OBJECTS_MAX}`,
    )
    .all(blob);
  return rows.map(({ bucket, key }) => `${String(bucket)}/${String(key)}`);
}
