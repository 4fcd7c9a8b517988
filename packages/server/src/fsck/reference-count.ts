/**
 * Counts references on the way through the rows that make them, and finds the targets that count others. The counts
 * stand in a temporary table, for there may be many millions.
 *
 * Beside a live server rows come, go and move while they are walked, so that a count may differ though all is well.
 * Who differs is counted again by a second walk, and whoever is left is counted in one transaction: it takes about a
 * second for a million rows, holds the log so long, and comes to pass only where something is wrong, or nearly so.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite';

export interface Mismatch {
  readonly id: number;
  readonly refs: number;
  readonly found: number;
}

export interface ReferenceCountOptions {
  readonly db: DatabaseSync;
  /** Of rows with `id` and `refs`. */
  readonly table: 'manifests' | 'blobs';
  /** A query of all references: one row each, its target called `target`. */
  readonly references: string;
}

export class ReferenceCount {
  readonly #add: StatementSync;
  readonly #found: StatementSync;
  readonly #suspect: StatementSync;
  readonly #reset: StatementSync;
  readonly #clear: StatementSync;
  readonly #judge: StatementSync;
  #suspected = 0;

  constructor({ db, table, references }: ReferenceCountOptions) {
    const counts = `temp.refs_of_${table}`;
    const suspects = `temp.suspected_${table}`;
    db.exec(`CREATE TABLE ${counts} (id INTEGER PRIMARY KEY, found INTEGER NOT NULL);
      CREATE TABLE ${suspects} (id INTEGER PRIMARY KEY)`);
    this.#add = db.prepare(
      `INSERT INTO ${counts} VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET found = found + 1`,
    );
    this.#found = db.prepare(`SELECT found FROM ${counts} WHERE id = ?`);
    this.#suspect = db.prepare(`INSERT INTO ${suspects} VALUES (?) ON CONFLICT DO NOTHING`);
    this.#reset = db.prepare(`DELETE FROM ${counts}`);
    this.#clear = db.prepare(`DELETE FROM ${suspects} WHERE id NOT IN
      (SELECT t.id FROM ${suspects} s JOIN ${table} t ON t.id = s.id LEFT JOIN ${counts} c ON c.id = s.id
        WHERE t.refs <> coalesce(c.found, 0))`);
    this.#judge = db.prepare(`SELECT t.id, t.refs, coalesce(c.found, 0) AS found
      FROM ${suspects} s JOIN ${table} t ON t.id = s.id
      LEFT JOIN (SELECT target, count(*) AS found FROM (${references})
        WHERE target IN (SELECT id FROM ${suspects}) GROUP BY target) c ON c.target = s.id
      WHERE t.refs <> coalesce(c.found, 0) ORDER BY t.id`);
  }

  /** A reference was met. */
  add(target: number): void {
    this.#add.run(target);
  }

  /** All references were met: holds what the target counts against it. */
  compare(id: number, refs: number): void {
    if (refs !== this.#foundOf(id)) this.#suspected += Number(this.#suspect.run(id).changes);
  }

  /** Whether a second walk is worth it; the counts begin again. */
  restart(): boolean {
    if (this.#suspected === 0) return false;
    this.#reset.run();
    return true;
  }

  /** After the second walk: those that have come right are suspected no more. In a transaction. */
  compareAgain(): void {
    this.#suspected -= Number(this.#clear.run().changes);
  }

  /** Those that differ, counted in the caller's transaction. */
  judge(): Iterable<Mismatch> {
    return this.#suspected === 0 ? [] : (this.#judge.iterate() as unknown as Iterable<Mismatch>);
  }

  #foundOf(id: number): number {
    return (this.#found.get(id) as { found: number } | undefined)?.found ?? 0;
  }
}
