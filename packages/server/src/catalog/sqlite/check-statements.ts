/** The writing connection's statements on the checks of blobs. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';

export class CheckStatements {
  readonly insert: StatementSync;
  readonly delete: StatementSync;

  constructor(db: DatabaseSync) {
    this.insert = db.prepare('INSERT INTO blob_checks (blob, first, sums) VALUES (?, ?, ?)');
    this.delete = db.prepare('DELETE FROM blob_checks WHERE blob = ?');
  }
}
