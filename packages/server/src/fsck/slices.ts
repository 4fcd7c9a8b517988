/**
 * Reading a catalog that may be in use: what belongs together is read in one transaction of a few milliseconds, so that
 * the write-ahead log is never held for long, and what one slice sees is of one commit. Beside a live server it rests
 * after each slice as long as that took.
 */

import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';

/** Rows a slice. */
export const SLICE_ROWS = 500;

/** Rows do not stand in the order of their key: who goes on from the last of them would come by again and again. */
export class OutOfOrder extends Error {
  constructor() {
    super('rows stand in another order than that of their key');
    this.name = 'OutOfOrder';
  }
}

export class Slices {
  readonly #db: DatabaseSync;
  readonly #polite: boolean;

  /** @param polite leaves others half of the time */
  constructor(db: DatabaseSync, polite: boolean) {
    this.#db = db;
    this.#polite = polite;
  }

  async read<T>(work: () => T): Promise<T> {
    const started = performance.now();
    this.#db.exec('BEGIN');
    try {
      return work();
    } finally {
      // SQLite ends it by itself after some errors.
      if (this.#db.isTransaction) this.#db.exec('COMMIT');
      if (this.#polite) await delay(performance.now() - started);
      else await turn();
    }
  }

  /**
   * Walks a table whose primary key is a number.
   *
   * Rejects with `OutOfOrder`.
   *
   * @param page the rows after a number, in order, in a transaction; returns the last of them, undefined at the end
   */
  async walk(page: (after: number) => number | undefined): Promise<void> {
    for (let after: number | undefined = -1; after !== undefined;) {
      const from: number = after;
      after = await this.read(() => page(from));
      if (after !== undefined && after <= from) throw new OutOfOrder();
    }
  }
}
