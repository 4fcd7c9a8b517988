/** The writing connection's statements on the checks of blobs, and on what the scrub has seen. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';

export class CheckStatements {
  readonly insert: StatementSync;
  readonly delete: StatementSync;
  readonly setSum: StatementSync;
  readonly noteDamage: StatementSync;
  readonly clearDamage: StatementSync;
  readonly isDamaged: StatementSync;
  readonly setProgress: StatementSync;

  constructor(db: DatabaseSync) {
    this.insert = db.prepare('INSERT INTO blob_checks (blob, first, sums) VALUES (?, ?, ?)');
    this.delete = db.prepare('DELETE FROM blob_checks WHERE blob = ?');
    this.setSum = db.prepare('UPDATE blobs SET sum = ? WHERE id = ?');
    // One that is known keeps the time when it was found.
    this.noteDamage = db.prepare(
      'INSERT OR IGNORE INTO damage (blob, found_ms, reason) SELECT id, ?, ? FROM blobs WHERE id = ?',
    );
    this.clearDamage = db.prepare('DELETE FROM damage WHERE blob = ?');
    this.isDamaged = db.prepare('SELECT 1 FROM damage WHERE blob = ?');
    this.setProgress = db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)');
  }
}
