/** The reads of what the scrub has left in the catalog, on one connection. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DamagedBlobRow, DamageReport, ScrubProgress } from '../scrub.ts';

/** More are not told at once. */
const DAMAGED_MAX = 1000;

export class ScrubReader {
  readonly #progress: StatementSync;
  readonly #damaged: StatementSync;

  constructor(db: DatabaseSync) {
    this.#progress = db.prepare("SELECT name, value FROM meta WHERE name LIKE 'scrub\\_%' ESCAPE '\\'");
    this.#damaged = db.prepare(
      `SELECT blob, found_ms AS foundMs, reason FROM damage ORDER BY blob LIMIT ${DAMAGED_MAX}`,
    );
  }

  progress(): ScrubProgress {
    const values = new Map(this.#progress.all().map(({ name, value }) => [name, Number(value)]));
    const of = (name: string): number => values.get(`scrub_${name}`) ?? 0;
    return { after: of('after'), began: of('began'), rounds: of('rounds') };
  }

  damaged(): DamagedBlobRow[] {
    return this.#damaged.all() as unknown as DamagedBlobRow[];
  }

  report(): DamageReport {
    return { scrub: this.progress(), damaged: this.damaged().map((row) => ({ ...row })) };
  }
}
