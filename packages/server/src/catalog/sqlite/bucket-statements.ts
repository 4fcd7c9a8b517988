/** The writing connection's statements on the rows of buckets, but for what snapshots and forks do to them. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { PLACE } from './schema.ts';

export class BucketStatements {
  readonly insert: StatementSync;
  readonly delete: StatementSync;
  readonly byId: StatementSync;
  readonly hasVersions: StatementSync;
  readonly setVersioning: StatementSync;
  readonly setTags: StatementSync;

  constructor(db: DatabaseSync) {
    const p = (sql: string): StatementSync => db.prepare(sql);
    this.insert = p(
      'INSERT INTO buckets (id, name, owner, region, scope, created_ms) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.delete = p('DELETE FROM buckets WHERE id = ?');
    this.byId = p(
      'SELECT id, name, scope, versioning, snapshot_seq AS snapshotSeq FROM buckets WHERE id = ?',
    );
    // What was kept for snapshots is removed with them, or after them.
    this.hasVersions = p(`SELECT 1 FROM versions WHERE bucket = ? AND place < ${PLACE.retired} LIMIT 1`);
    this.setVersioning = p('UPDATE buckets SET versioning = ? WHERE id = ?');
    this.setTags = p('UPDATE buckets SET tags = ? WHERE id = ?');
  }
}
