/**
 * The scrub: walks all blobs in the order of their numbers, reads each, and compares it with the SHA-256 that it was stored
 * under. It deletes nothing and changes no bytes; what it finds is noted in the catalog, where a PUT of the same content
 * learns that it has to be written again. It makes the checks of blobs that have none, and goes on after a restart where
 * it was.
 */

import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { DamagedBlob } from '../blobs/damaged-blob.ts';
import { SlabPool } from '../blobs/ingest/slab-pool.ts';
import { BLOB_STATE } from '../catalog/sqlite/schema.ts';
import { blobSum } from '../catalog/sqlite/row-sums.ts';
import { ScrubReader } from '../catalog/sqlite/scrub-reader.ts';
import type { ScrubNote, ScrubProgress } from '../catalog/scrub.ts';
import type { BlobPlaces, PlaceReader } from '../fsck/blob-places.ts';
import { checksChecker } from '../fsck/checks/blob-checks.ts';
import type { Slices } from '../fsck/slices.ts';
import { checkBlob } from './check-blob.ts';
import type { Reading, ScrubbedBlob } from './check-blob.ts';
import { objectsOf } from './objects-of.ts';
import { Pace } from './pace.ts';
import type { PaceClock } from './pace.ts';

/** Rows at a time; inline ones come with their bytes. */
const PAGE = 50;
/** How often it is noted how far it is; a crash has it read that much again. */
const NOTE_MS = 10_000;

export type ScrubEvent =
  | { readonly kind: 'read'; readonly blobs: number; readonly bytes: number }
  | {
      readonly kind: 'damaged';
      readonly blob: number;
      readonly reason: string;
      /** Some of those whose bytes they are. */
      readonly objects: readonly string[];
    }
  | { readonly kind: 'healed'; readonly blob: number }
  | { readonly kind: 'unreadable'; readonly blob: number; readonly message: string }
  | { readonly kind: 'round'; readonly rounds: number };

export interface ScrubOptions {
  /** Reads only. */
  readonly db: DatabaseSync;
  readonly slices: Slices;
  readonly places: BlobPlaces;
  readonly reader: PlaceReader;
  readonly bytesPerSecond: number;
  readonly clock: PaceClock;
  readonly note: (note: ScrubNote) => Promise<unknown>;
  readonly tell: (event: ScrubEvent) => void;
}

interface Row extends ScrubbedBlob {
  readonly id: number;
  readonly state: number;
  readonly refs: number;
  readonly tier: string;
  readonly sum: number | null;
  readonly held: Uint8Array | null;
}

const COLUMNS = 'id, state, refs, codec, sha256, logical, stored, frames, location, tier, sum, data AS held';

export class Scrub {
  readonly #options: ScrubOptions;
  readonly #catalog: ScrubReader;
  readonly #reading: Reading;
  readonly #wrongChecks: ReturnType<typeof checksChecker>;
  #progress: ScrubProgress;
  #notedAt = 0;

  constructor(options: ScrubOptions) {
    this.#options = options;
    this.#catalog = new ScrubReader(options.db);
    this.#progress = this.#catalog.progress();
    this.#wrongChecks = checksChecker(options.db);
    const pool = new SlabPool({ extra: 0, perUser: 1 });
    const slab = pool.share().take();
    if (slab === undefined) throw new Error('no memory to read into');
    const pace = new Pace(options.bytesPerSecond, options.clock);
    this.#reading = { slab, pool, pace: (bytes) => pace.before(bytes) };
  }

  get progress(): ScrubProgress {
    return this.#progress;
  }

  /** From where it was to the end of the round. */
  async round(nowMs: number): Promise<void> {
    const { db, slices, tell } = this.#options;
    if (this.#progress.after === 0) this.#progress = { ...this.#progress, began: nowMs };
    const page = db.prepare(`SELECT ${COLUMNS} FROM blobs WHERE id > ? ORDER BY id LIMIT ${PAGE}`);
    for (;;) {
      const rows = await slices.read(() => page.all(this.#progress.after) as unknown as Row[]);
      await this.#checkAll(rows);
      const last = rows.at(-1)?.id;
      // A catalog whose rows stand in another order ends the round: fsck tells of it.
      if (last === undefined || last <= this.#progress.after) break;
      this.#progress = { ...this.#progress, after: last };
      if (performance.now() - this.#notedAt > NOTE_MS) await this.#noteProgress();
    }
    this.#progress = { ...this.#progress, after: 0, rounds: this.#progress.rounds + 1 };
    await this.#noteProgress();
    tell({ kind: 'round', rounds: this.#progress.rounds });
  }

  /** Those that are known to be damaged: somebody may have written them again. */
  async recheck(): Promise<void> {
    const { db, slices } = this.#options;
    const row = db.prepare(`SELECT ${COLUMNS} FROM blobs WHERE id = ?`);
    const damaged = await slices.read(() => this.#catalog.damaged());
    for (const { blob } of damaged)
      await this.#checkAll(await slices.read(() => row.all(blob) as unknown as Row[]));
  }

  async #noteProgress(): Promise<void> {
    await this.#options.note({ progress: this.#progress });
    this.#notedAt = performance.now();
  }

  async #checkAll(rows: readonly Row[]): Promise<void> {
    const known = new Set(
      (await this.#options.slices.read(() => this.#catalog.damaged())).map(({ blob }) => blob),
    );
    for (const row of rows) {
      if (row.state !== BLOB_STATE.live || row.refs === 0) continue;
      try {
        if (row.held === null) await this.#checkFile(row);
        else await this.#checkInline(row, row.held);
        if (known.has(row.id)) await this.#healed(row.id);
      } catch (error) {
        if (!(error instanceof DamagedBlob)) throw error;
        await this.#damaged(row, error, known.has(row.id));
      }
      this.#options.tell({ kind: 'read', blobs: 1, bytes: row.stored });
    }
  }

  async #checkInline({ id, sha256, sum }: Row, bytes: Uint8Array): Promise<void> {
    await this.#reading.pace(bytes.byteLength);
    if (!createHash('sha256').update(bytes).digest().equals(sha256))
      throw new DamagedBlob('its SHA-256 is another');
    const is = blobSum(id, bytes);
    // The bytes are those of their name: it is the sum that is missing, or was changed.
    if (sum !== is) await this.#options.note({ inlineSums: [{ blob: id, sum: is }] });
  }

  async #checkFile(row: Row): Promise<void> {
    const { places, reader, slices, note, tell } = this.#options;
    const place = places.get(row.tier);
    if (place === undefined) return;
    let sums: Buffer;
    try {
      sums = await checkBlob(reader.blobsOf(place), row, this.#reading);
    } catch (error) {
      if (error instanceof DamagedBlob) throw error;
      tell({ kind: 'unreadable', blob: row.id, message: String(error) });
      return;
    }
    const wrong = await slices.read(() => this.#wrongChecks(row));
    if (row.sum !== blobSum(row.id, sums) || wrong !== undefined)
      await note({ checks: [{ blob: row.id, sums }] });
  }

  async #damaged(row: Row, { message }: DamagedBlob, known: boolean): Promise<void> {
    const { db, slices, note, tell } = this.#options;
    // The reaper may have been faster than we.
    const there = db.prepare(`SELECT 1 FROM blobs WHERE id = ? AND refs > 0 AND state = ${BLOB_STATE.live}`);
    if (known || (await slices.read(() => there.get(row.id))) === undefined) return;
    await note({ damaged: [{ blob: row.id, reason: message }] });
    const objects = await slices.read(() => objectsOf(db, row.id));
    tell({ kind: 'damaged', blob: row.id, reason: message, objects });
  }

  async #healed(blob: number): Promise<void> {
    await this.#options.note({ whole: [blob] });
    this.#options.tell({ kind: 'healed', blob });
  }
}
